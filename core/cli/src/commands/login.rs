//! `fieldcast login`

use std::io::{self, IsTerminal};

use fieldcast::Settings;

use crate::app::App;
use crate::args::LoginArgs;
use crate::error::{Error, Result};
use crate::text::{Table, safe};
use crate::{events, prompt};

pub(crate) async fn run(app: &App, args: &LoginArgs) -> Result {
    let settings = Settings { allow_http: args.allow_http, ..Settings::new(app.data_dir()?) };
    let engine = app.engine_with(settings).await?;
    let password = password(&args.user).await?;
    let account = engine.login(&args.server, &args.tenant, &args.user, &password).await.map_err(explain)?;
    // The list only helps with the next step. If the server fails here, the next command reports it.
    let projects = engine.projects().await.unwrap_or_default();
    app.out.event(|| events::login(&account, &projects))?;
    app.out.line(format_args!("Logged in to {} as {}.", account.server, safe(&account.name)))?;
    if !projects.is_empty() {
        let mut table = Table::new(&["project", "id"]);
        projects.iter().for_each(|project| table.row(vec![safe(&project.name), safe(&project.id)]));
        app.out.line("")?;
        table.lines().iter().try_for_each(|line| app.out.line(line))?;
        let hint = if projects.len() > 1 { " --project ID" } else { "" };
        app.out.line(format_args!("\nNext: fieldcast boundaries{hint}"))?;
    }
    Ok(())
}

/// Adds the flag that allows http:// to the error.
fn explain(error: fieldcast::Error) -> Error {
    match error {
        fieldcast::Error::Server(fieldcast::ServerError::Config { reason }) if reason.contains("http://") => {
            Error::Usage(format!("{reason} (--allow-http allows http:// on a closed test network)"))
        }
        other => other.into(),
    }
}

async fn password(user: &str) -> Result<String> {
    let password = match std::env::var("FIELDCAST_PASSWORD") {
        Ok(password) => password,
        Err(_) if io::stdin().is_terminal() => prompt::hidden(&format!("Password of {user}")).await?,
        Err(_) => prompt::stdin_line().await?,
    };
    if password.is_empty() {
        return Err(Error::usage(
            "the password is empty: set FIELDCAST_PASSWORD, pass it as a line on stdin, or type it when Fieldcast asks",
        ));
    }
    Ok(password)
}
