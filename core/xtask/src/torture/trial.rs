//! Runs user commands on one damaged database.

use std::fs;
use std::path::{Path, PathBuf};

use fieldcast_store::Store;
use serde_json::Value;

use super::device::{Device, Holdings};
use super::flip::{Flip, Target};
use super::template::{TortureTemplate, shown_grants, text};
use crate::Outcome;
use crate::process::Ended;

/// Exit codes of explained failures: server, network, storage, partial result, nothing done; and usage, if there is
/// nothing to send.
const TYPED: [i32; 7] = [0, 2, 3, 4, 5, 6, 7];
const REFUSED: i32 = 7;

/// How a device reacted to its damaged files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OpenOutcome {
    /// Without a message.
    #[default]
    Silently,
    /// It reported what it recovered and what it did not.
    Recovered,
    /// With an error that says what to do.
    Refused,
}

/// What happened to data that cannot be downloaded again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    #[default]
    Kept,
    /// The loss is reported as possible.
    Reported,
    /// Lost or changed without a report.
    Broken,
}

/// What was exported before the repair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Export {
    /// Every village of the phone.
    #[default]
    Whole,
    /// Only the complete villages.
    Part,
    Refused,
}

/// The results of one database.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) opened: OpenOutcome,
    pub(super) edits: Fate,
    pub(super) policy: Fate,
    pub(super) export: Export,
    pub(super) is_healed: bool,
    /// Broken rules.
    pub(super) broken: Vec<String>,
}

/// Damages a copy of the template and checks it. Keeps its folder if a rule is broken.
pub(super) fn run(template: &TortureTemplate, number: u64, target: Target, flips: &[Flip]) -> Outcome<Findings> {
    let folder = template.folder(number);
    let phone = Device { dir: folder.join("phone"), ..template.phone.clone() };
    template.copy(&phone.dir, target)?;
    flips.iter().try_for_each(|flip| flip.apply(&phone.dir))?;
    let mut trial = TortureTrial { template, phone, folder, number, settings_lost: false, found: Findings::default() };
    if let Err(error) = trial.all() {
        trial.broke(&error.to_string());
    }
    if trial.found.broken.is_empty() {
        fs::remove_dir_all(&trial.folder)?;
    }
    Ok(trial.found)
}

struct TortureTrial<'t> {
    template: &'t TortureTemplate,
    phone: Device,
    folder: PathBuf,
    number: u64,
    /// Whether the phone has reported that settings are lost.
    settings_lost: bool,
    found: Findings,
}

impl TortureTrial<'_> {
    /// Checks every rule. An error means that a rule could not be checked; this also counts as broken.
    fn all(&mut self) -> Outcome<()> {
        if self.ask(&["status"])?.code != Some(0) {
            self.found.opened = OpenOutcome::Refused;
            // A failed start must not be permanent: the next start recovers what it can.
            if self.ask(&["status"])?.code != Some(0) {
                self.broke("the phone does not start again");
                return Ok(());
            }
        }
        self.edits()?;
        self.policy()?;
        self.export()?;
        self.heal()?;
        self.edits()
    }

    fn broke(&mut self, rule: &str) {
        self.found.broken.push(rule.to_owned());
    }

    /// Runs a command on the phone. It may fail, but must say why.
    fn ask(&mut self, args: &[&str]) -> Outcome<Ended> {
        let ended = self.phone.run(args)?;
        let what = args[0];
        if !ended.code.is_some_and(|code| TYPED.contains(&code)) {
            return Err(format!("`{what}` ended with {:?}: {}", ended.code, message(&ended)).into());
        }
        if matches!(ended.code, Some(1..=5)) && message(&ended).is_empty() {
            self.broke(&format!("`{what}` fails without a reason"));
        }
        if let Some(recovered) = ended.events("recovered").next() {
            self.found.opened = OpenOutcome::Recovered;
            self.settings_lost |= recovered["settings_lost"] == true;
        }
        Ok(ended)
    }

    /// Runs a command on the phone that must succeed.
    fn must(&mut self, args: &[&str]) -> Outcome<Ended> {
        let ended = self.ask(args)?;
        if ended.code == Some(0) {
            return Ok(ended);
        }
        Err(format!("`{}` ended with {:?}: {}", args.join(" "), ended.code, message(&ended)).into())
    }

    /// All edits exist unchanged, or the phone reports that some may be lost.
    fn edits(&mut self) -> Outcome<()> {
        self.found.edits = Fate::Broken;
        let listed = self.must(&["edits"])?;
        let expected: Vec<Value> = self.template.edits.iter().map(as_made).collect();
        let edits: Vec<Value> = listed.events("edit").map(as_made).collect();
        if let Some(edit) = edits.iter().find(|edit| !expected.contains(edit)) {
            self.broke(&format!("an edit has changed: {edit}"));
        } else if listed.events("lost_edit").next().is_some() {
            self.found.edits = Fate::Reported;
        } else if edits.len() == expected.len() {
            self.found.edits = Fate::Kept;
        } else {
            self.broke(&format!("{} of {} edits are left, without a report", edits.len(), expected.len()));
        }
        Ok(())
    }

    /// The phone imports nothing without a grant. Its policy and trust data change only with a report.
    fn policy(&mut self) -> Outcome<()> {
        self.found.policy = Fate::Broken;
        let refused = self.ask(&["import", "--yes", &self.template.bundle])?;
        if refused.code != Some(REFUSED) || !message(&refused).contains("granted") {
            self.broke(&format!("a file without a grant was not rejected: {:?} {}", refused.code, message(&refused)));
        }
        let grants = shown_grants(&self.must(&["grant", "show"])?);
        if self.settings_lost {
            self.found.policy = Fate::Reported;
        } else if grants == self.template.grants {
            self.found.policy = Fate::Kept;
        } else {
            self.broke(&format!("policy or trust changed without a report: {grants:?}"));
        }
        Ok(())
    }

    /// The exported data is correct; incorrect data is not exported.
    fn export(&mut self) -> Outcome<()> {
        let file = self.folder.join("damaged.fcb");
        let exported = self.ask(&["export", text(&file)?])?;
        if exported.code != Some(0) {
            self.found.export = Export::Refused;
            return if file.exists() { Err("a failed export left a file".into()) } else { Ok(()) };
        }
        let taken = self.taken(&file, "first")?;
        for (village, records) in &taken {
            if self.template.truth.get(village) != Some(records) {
                self.broke(&format!("the exported records of `{village}` differ from the server's"));
            }
        }
        // Two villages, and the records outside all villages.
        self.found.export = if taken.len() == 3 { Export::Whole } else { Export::Part };
        Ok(())
    }

    /// Returns the records that a new device imports from a file.
    fn taken(&self, file: &Path, receiver: &str) -> Outcome<Holdings> {
        let receiver = self.phone.beside(receiver);
        receiver.done(&["import", "--yes", text(file)?])?;
        receiver.holdings()
    }

    /// The next download or the next bundle restores all data.
    fn heal(&mut self) -> Outcome<()> {
        if self.number.is_multiple_of(2) {
            self.template.log_in(&self.phone)?;
            self.must(&["downsync", "--all", "--project", &self.template.project])?;
        } else {
            self.must(&["grant", "policy", "ask"])?; // bundle files contain no grants
            self.must(&["import", "--yes", &self.template.bundle])?;
        }
        if self.phone.holdings()? != self.template.truth {
            return Err("the phone's records differ from the server's".into());
        }
        let file = self.folder.join("healed.fcb");
        self.must(&["export", text(&file)?])?;
        if self.taken(&file, "second")? != self.template.truth {
            return Err("the records exported by the repaired phone differ from the server's".into());
        }
        let verified = Store::open(&self.phone.dir)?.store.verify(&mut |_, _| {})?;
        if verified.dropped > 0 {
            return Err(format!("{} records are still damaged after the repair", verified.dropped).into());
        }
        self.found.is_healed = true;
        Ok(())
    }
}

/// Returns the error message of a failed command.
fn message(ended: &Ended) -> &str {
    ended.events("error").filter_map(|error| error["message"].as_str()).last().unwrap_or_default()
}

/// Returns an edit without the values that depend on the server's data.
fn as_made(edit: &Value) -> Value {
    let mut edit = edit.clone();
    edit["base_moved"] = Value::Null;
    edit
}
