//! One damaged database, put to the commands a user gives.

use std::fs;
use std::path::{Path, PathBuf};

use fieldcast_store::Store;
use serde_json::Value;

use super::device::{Device, Holdings};
use super::flip::{Flip, Target};
use super::template::{Template, text};
use crate::Outcome;
use crate::process::Ended;

/// Exit codes that say what is wrong: the server, the network, the storage, a part, nothing; and usage, where nothing is to send.
const TYPED: [i32; 7] = [0, 2, 3, 4, 5, 6, 7];
const REFUSED: i32 = 7;

/// How a device took its damaged files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Opened {
    /// Without a word.
    #[default]
    Silently,
    /// It said what it has recovered and what not.
    Recovered,
    /// With an error that says what to do.
    Refused,
}

/// What became of what cannot be had again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    #[default]
    Kept,
    /// It is told that it is possibly lost.
    Told,
    /// Lost or changed without a word.
    Broken,
}

/// What was exported before it was healed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Export {
    /// Every village the phone has.
    #[default]
    Whole,
    /// Only those that are complete.
    Part,
    Refused,
}

/// What one database came to.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) opened: Opened,
    pub(super) edits: Fate,
    pub(super) policy: Fate,
    pub(super) export: Export,
    pub(super) is_healed: bool,
    /// Rules that were broken.
    pub(super) broken: Vec<String>,
}

/// Damages a copy of the template and looks at it; keeps its folder if a rule was broken.
pub(super) fn run(template: &Template, number: u64, target: Target, flips: &[Flip]) -> Outcome<Findings> {
    let folder = template.folder(number);
    let phone = Device { dir: folder.join("phone"), ..template.phone.clone() };
    template.copy(&phone.dir, target)?;
    flips.iter().try_for_each(|flip| flip.apply(&phone.dir))?;
    let mut trial = Trial { template, phone, folder, number, settings_lost: false, found: Findings::default() };
    if let Err(error) = trial.all() {
        trial.broke(&error.to_string());
    }
    if trial.found.broken.is_empty() {
        fs::remove_dir_all(&trial.folder)?;
    }
    Ok(trial.found)
}

struct Trial<'t> {
    template: &'t Template,
    phone: Device,
    folder: PathBuf,
    number: u64,
    /// Whether the phone has told that settings are lost.
    settings_lost: bool,
    found: Findings,
}

impl Trial<'_> {
    /// Every rule. An error is what kept one from being looked at, which breaks it.
    fn all(&mut self) -> Outcome<()> {
        if self.ask(&["status"])?.code != Some(0) {
            self.found.opened = Opened::Refused;
            // A refusal is for this time only: the next start recovers what it can.
            if self.ask(&["status"])?.code != Some(0) {
                self.broke("it never opens again");
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

    /// Runs a command on the phone; it may refuse, but must say why.
    fn ask(&mut self, args: &[&str]) -> Outcome<Ended> {
        let ended = self.phone.run(args)?;
        let what = args[0];
        if !ended.code.is_some_and(|code| TYPED.contains(&code)) {
            return Err(format!("`{what}` ended with {:?}: {}", ended.code, message(&ended)).into());
        }
        if matches!(ended.code, Some(1..=5)) && message(&ended).is_empty() {
            self.broke(&format!("`{what}` does not say why it refuses"));
        }
        if let Some(recovered) = ended.events("recovered").next() {
            self.found.opened = Opened::Recovered;
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

    /// All edits are there as they were, or it is told that some are possibly lost.
    fn edits(&mut self) -> Outcome<()> {
        self.found.edits = Fate::Broken;
        let listed = self.must(&["edits"])?;
        let expected: Vec<Value> = self.template.edits.iter().map(as_made).collect();
        let edits: Vec<Value> = listed.events("edit").map(as_made).collect();
        if let Some(edit) = edits.iter().find(|edit| !expected.contains(edit)) {
            self.broke(&format!("an edit is not what it was: {edit}"));
        } else if listed.events("lost_edit").next().is_some() {
            self.found.edits = Fate::Told;
        } else if edits.len() == expected.len() {
            self.found.edits = Fate::Kept;
        } else {
            self.broke(&format!("{} of {} edits, and it is not told", edits.len(), expected.len()));
        }
        Ok(())
    }

    /// Nothing is taken without a grant, and whom the phone trusts has not changed unless it was told.
    fn policy(&mut self) -> Outcome<()> {
        self.found.policy = Fate::Broken;
        let refused = self.ask(&["import", "--yes", &self.template.bundle])?;
        if refused.code != Some(REFUSED) || !message(&refused).contains("granted") {
            self.broke(&format!("a file without a grant: {:?} {}", refused.code, message(&refused)));
        }
        let shown = self.must(&["grant", "show"])?;
        let grants: Vec<Value> =
            ["policy", "campaign", "statement"].iter().flat_map(|name| shown.events(name)).cloned().collect();
        if self.settings_lost {
            self.found.policy = Fate::Told;
        } else if grants == self.template.grants {
            self.found.policy = Fate::Kept;
        } else {
            self.broke(&format!("policy or trust changed, and it is not told: {grants:?}"));
        }
        Ok(())
    }

    /// What is exported is right; what is not right is not exported.
    fn export(&mut self) -> Outcome<()> {
        let file = self.folder.join("damaged.fcb");
        let exported = self.ask(&["export", text(&file)?])?;
        if exported.code != Some(0) {
            self.found.export = Export::Refused;
            return if file.exists() { Err("a refused export has left a file".into()) } else { Ok(()) };
        }
        let taken = self.taken(&file, "first")?;
        for (village, records) in &taken {
            if self.template.truth.get(village) != Some(records) {
                self.broke(&format!("what was exported of `{village}` is not what the server has"));
            }
        }
        // Two villages, and what is outside all.
        self.found.export = if taken.len() == 3 { Export::Whole } else { Export::Part };
        Ok(())
    }

    /// What a new device gets from a file.
    fn taken(&self, file: &Path, receiver: &str) -> Outcome<Holdings> {
        let receiver = self.phone.beside(receiver);
        receiver.done(&["import", "--yes", text(file)?])?;
        receiver.holdings()
    }

    /// The next download, or the next bundle, brings all back.
    fn heal(&mut self) -> Outcome<()> {
        if self.number.is_multiple_of(2) {
            self.template.log_in(&self.phone)?;
            self.must(&["downsync", "--all", "--project", &self.template.project])?;
        } else {
            self.must(&["grant", "policy", "ask"])?; // files show no grants
            self.must(&["import", "--yes", &self.template.bundle])?;
        }
        if self.phone.holdings()? != self.template.truth {
            return Err("the phone does not have what the server has".into());
        }
        let file = self.folder.join("healed.fcb");
        self.must(&["export", text(&file)?])?;
        if self.taken(&file, "second")? != self.template.truth {
            return Err("what the healed phone exports is not what the server has".into());
        }
        let verified = Store::open(&self.phone.dir)?.store.verify(&mut |_, _| {})?;
        if verified.dropped > 0 {
            return Err(format!("healed, and still {} records are damaged", verified.dropped).into());
        }
        self.found.is_healed = true;
        Ok(())
    }
}

/// What it said of its failure.
fn message(ended: &Ended) -> &str {
    ended.events("error").filter_map(|error| error["message"].as_str()).last().unwrap_or_default()
}

/// An edit without what the server's data decides.
fn as_made(edit: &Value) -> Value {
    let mut edit = edit.clone();
    edit["base_moved"] = Value::Null;
    edit
}
