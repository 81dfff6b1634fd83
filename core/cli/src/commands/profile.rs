//! `fieldcast profile`: the QR code of a campaign's office.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use fieldcast::{FileError, Fingerprint, Profile, QrMatrix, qr};

use crate::app::App;
use crate::args::ProfileArgs;
use crate::commands::qr_code::{draw, svg};
use crate::error::{Error, Result};
use crate::events;
use crate::text::safe;

pub(crate) async fn run(app: &App, args: &ProfileArgs) -> Result {
    let (server, tenant) = server(app, args).await?;
    let mut profile = Profile::new(&server, &tenant).map_err(|error| Error::usage(error.to_string()))?;
    if !profile.is_secure() && !args.allow_http {
        return Err(Error::usage(
            "plain http:// would send the password unencrypted: use https:// (--allow-http allows http:// on a closed \
             test network, for training builds of the app)",
        ));
    }
    if let Some(key) = &args.campaign {
        profile = profile.with_campaign(campaign(key)?, args.campaign_name.as_deref());
    }
    let uri = profile.to_uri();
    let code = qr(&uri)?;
    if let Some(file) = &args.svg {
        write_new(file, &code)?;
    }
    app.out.event(|| events::profile(&profile))?;
    draw(&code).iter().try_for_each(|line| app.out.line(line))?;
    app.out.line(&uri)?;
    app.out.line(format_args!(
        "Users scan this code when they set up the app. It holds no password. The app then shows the server {}.",
        profile.server()
    ))?;
    match &args.svg {
        Some(file) => app.out.line(format_args!("To print the code, open {} in a browser.", file.display())),
        None => Ok(()),
    }
}

/// Server and tenant: the named ones, or those of the login.
async fn server(app: &App, args: &ProfileArgs) -> Result<(String, String)> {
    if let (Some(server), Some(tenant)) = (&args.server, &args.tenant) {
        return Ok((server.clone(), tenant.clone()));
    }
    let account = app.engine().await?.account().await?.ok_or_else(|| {
        Error::usage(
            "there is no login to take the server from: name server and tenant, for example --server \
             https://hcm.example.org --tenant mz",
        )
    })?;
    Ok((account.server, args.tenant.clone().unwrap_or(account.tenant)))
}

fn campaign(key: &str) -> Result<[u8; 32]> {
    let key: Fingerprint = key.trim().parse().map_err(|_| {
        Error::Usage(format!(
            "--campaign: `{}` is not a key of 64 hexadecimal digits: `fieldcast grant new-authority` printed it",
            safe(key)
        ))
    })?;
    Ok(key.0)
}

/// Never replaces a file: the path may be mistyped.
fn write_new(path: &Path, code: &QrMatrix) -> Result {
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    match written.and_then(|mut file| file.write_all(svg(code).as_bytes())) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::Usage(format!("{} exists: choose another name, or delete the file", path.display())))
        }
        Err(error) => Err(Error::File(path.to_owned(), FileError::Io(error).into())),
        Ok(()) => Ok(()),
    }
}
