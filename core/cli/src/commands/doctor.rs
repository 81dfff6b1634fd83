//! `fieldcast doctor`

use fieldcast::{Check, Checked, DoctorSettings, Finding, Verified, doctor};

use crate::app::App;
use crate::args::DoctorArgs;
use crate::error::{Error, Result};
use crate::events;
use crate::text::{Table, counted, safe};

pub(crate) async fn run(app: &App, args: DoctorArgs) -> Result {
    let deep = args.deep;
    let settings =
        DoctorSettings { interface: args.interface, port: args.port, ..DoctorSettings::new(app.data_dir()?) };
    let checks = doctor(settings).await;
    checks.iter().try_for_each(|check| app.out.event(|| events::check(check)))?;
    let mut table = Table::new(&["", "check", "result"]);
    for check in &checks {
        table.row(vec![finding(check).to_owned(), name(check).to_owned(), safe(&check.found)]);
        if !check.advice.is_empty() {
            table.row(vec![String::new(), String::new(), format!("-> {}", safe(&check.advice))]);
        }
    }
    table.lines().iter().try_for_each(|line| app.out.line(line))?;
    let is_complete = !deep || verify(app).await?;
    match checks.iter().find(|check| check.finding == Finding::Problem) {
        Some(problem) => Err(Error::Warnings(is_network(problem))),
        None if is_complete => Ok(()),
        None => Err(Error::Warnings(false)),
    }
}

/// Verifies all data and prints the result. Returns whether no record was lost.
async fn verify(app: &App) -> Result<bool> {
    let (engine, out) = (app.engine().await?, app.out);
    let progress = move |done, of| {
        let text = format!("verifying: {done} of {of} villages");
        let _unread = out.event(|| events::verifying(done, of)).and_then(|()| out.line(text));
    };
    let verified = engine.verify(progress).await?;
    app.out.event(|| events::verified(&verified))?;
    let Verified { records, repaired, dropped } = verified;
    app.out.line(match (repaired, dropped) {
        (0, 0) => format!("{}: no damage", counted(records, "record", "records")),
        (_, 0) => format!("{} repaired; no record was lost", counted(repaired, "error", "errors")),
        _ => format!(
            "{} were damaged and removed. Download or receive these villages again; `fieldcast status` lists them.",
            counted(dropped, "record", "records")
        ),
    })?;
    Ok(dropped == 0)
}

fn finding(check: &Check) -> &'static str {
    match check.finding {
        Finding::Ok => "ok",
        Finding::Warning => "warning",
        Finding::Problem => "PROBLEM",
    }
}

fn name(check: &Check) -> &'static str {
    match check.checked {
        Checked::Interfaces => "networks",
        Checked::Multicast => "finding phones",
        Checked::Port => "accepting connections",
        Checked::Disk => "free space",
        Checked::Clock => "clock",
        Checked::Folder => "data folder",
        Checked::Key => "device key",
        Checked::Database => "database",
    }
}

fn is_network(check: &Check) -> bool {
    matches!(check.checked, Checked::Interfaces | Checked::Multicast | Checked::Port)
}
