//! `fieldcast import`

use std::fs;

use fieldcast::{BundleInfo, Imported};

use crate::app::App;
use crate::args::ImportArgs;
use crate::error::{Error, Result};
use crate::offers::{OfferTotals, contents, passed_on, village};
use crate::text::{MATCHES, Table, bytes, compared, count, counted};
use crate::{events, prompt};

pub(crate) async fn run(app: &App, args: &ImportArgs) -> Result {
    let file = &args.file;
    if !args.yes && !app.out.is_interactive() {
        return Err(Error::usage(
            "import needs a confirmation, but there is no terminal: add --yes to import without a question",
        ));
    }
    let engine = app.engine().await?;
    let about_file = |error| Error::File(file.clone(), error);
    let info = engine.inspect(file.clone()).await.map_err(about_file)?;
    let size = fs::metadata(file).map_or(info.offer.bytes, |file| file.len());
    show(app, &info, size)?;
    if !args.yes && !prompt::confirm("Import it?".to_owned(), false).await? {
        app.out.line("Not imported.")?;
        return Err(Error::Nothing);
    }
    let imported = engine.import(file.clone()).await.map_err(about_file)?;
    conclude(app, &imported)
}

/// Shows the creator and the content of the file.
fn show(app: &App, info: &BundleInfo, size: u64) -> Result {
    let BundleInfo { sender, sources, offer } = info;
    app.out.event(|| events::bundle(info, size))?;
    let OfferTotals { households, records, json_bytes, .. } = OfferTotals::of(offer);
    app.out.line(format_args!(
        "Created by {} [{}]\n  {}\n  {}, {}, {} of data, {} in the file",
        sender.name,
        sender.fingerprint.short(),
        contents(&offer.snapshots),
        counted(households, "household", "households"),
        counted(records, "record", "records"),
        bytes(json_bytes),
        bytes(size),
    ))?;
    passed_on(sender, sources).map_or(Ok(()), |line| app.out.line(line))?;
    app.out.line(
        "The signature proves which device created the file, not who used the device. The device chose its name\n\
         itself. If in doubt, ask the sender for the fingerprint: fieldcast status shows it.\n",
    )
}

fn conclude(app: &App, imported: &Imported) -> Result {
    app.out.event(|| events::imported(imported))?;
    let mut table = Table::new(&["village", ">households", ">records", "this device"]);
    for (summary, comparison) in imported.info.offer.snapshots.iter().zip(&imported.comparisons) {
        let outcome = match compared(std::slice::from_ref(comparison)).as_str() {
            MATCHES => "matches the file".to_owned(),
            ahead => ahead.to_owned(),
        };
        table.row(vec![village(summary), count(summary.households), count(summary.records), outcome]);
    }
    app.out.line("Imported.")?;
    table.lines().iter().try_for_each(|line| app.out.line(line))
}
