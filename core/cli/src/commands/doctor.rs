//! `fieldcast doctor`

use fieldcast::{Check, Checked, DoctorSettings, Finding, doctor};

use crate::app::App;
use crate::args::DoctorArgs;
use crate::error::{Error, Result};
use crate::events;
use crate::text::{Table, safe};

pub(crate) async fn run(app: &App, args: DoctorArgs) -> Result {
    let settings =
        DoctorSettings { interface: args.interface, port: args.port, ..DoctorSettings::new(app.data_dir()?) };
    let checks = doctor(settings).await;
    checks.iter().try_for_each(|check| app.out.event(|| events::check(check)))?;
    let mut table = Table::new(&["", "what", "found"]);
    for check in &checks {
        table.row(vec![finding(check).to_owned(), name(check).to_owned(), safe(&check.found)]);
        if !check.advice.is_empty() {
            table.row(vec![String::new(), String::new(), format!("-> {}", safe(&check.advice))]);
        }
    }
    table.lines().iter().try_for_each(|line| app.out.line(line))?;
    let problem = checks.iter().find(|check| check.finding == Finding::Problem);
    problem.map_or(Ok(()), |problem| Err(Error::Unwell(is_network(problem))))
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
        Checked::Multicast => "finding others",
        Checked::Port => "being called",
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
