//! `fieldcast export`

use std::fs;

use crate::app::App;
use crate::args::ExportArgs;
use crate::commands::send::choose;
use crate::error::{Error, Result};
use crate::events;
use crate::offers::{OfferTotals, contents};
use crate::text::{bytes, counted};

pub(crate) async fn run(app: &App, args: &ExportArgs) -> Result {
    let file = &args.file;
    if !args.force && file.exists() {
        return Err(Error::Usage(format!(
            "{} exists: choose another name, or replace the file with --force",
            file.display()
        )));
    }
    let engine = app.engine().await?;
    let datasets = choose(&engine.datasets().await?, &args.boundaries)?;
    let about_file = |error: fieldcast::Error| match error {
        error @ fieldcast::Error::File(_) => Error::File(file.clone(), error),
        error => error.into(),
    };
    let offer = engine.export(datasets, file.clone()).await.map_err(about_file)?;
    let size = fs::metadata(file).map_or(offer.bytes, |file| file.len());
    app.out.event(|| events::exported(file, size, &offer))?;
    let OfferTotals { households, records, json_bytes, .. } = OfferTotals::of(&offer);
    app.out.line(format_args!(
        "{}: {}\n  {}, {}, {} of data, {} in the file",
        file.display(),
        contents(&offer.snapshots),
        counted(households, "household", "households"),
        counted(records, "record", "records"),
        bytes(json_bytes),
        bytes(size),
    ))?;
    app.out.line(format_args!(
        "  signed by {} [{}], not encrypted: everyone who has the file can read it",
        engine.name(),
        engine.fingerprint().short()
    ))?;
    app.out.line(format_args!("\nRun on the other device: fieldcast import {}", file.display()))
}
