//! What all commands share: where they speak, where data is kept, when to stop.

use std::path::PathBuf;

use directories::ProjectDirs;
use fieldcast::{Engine, Fingerprint, Project, Recovery, Settings};

use crate::args::Global;
use crate::error::{Error, Result};
use crate::output::{Output, warn};
use crate::stop::Stop;
use crate::text::{counted, safe};
use crate::{events, prompt};

/// The surroundings of a command.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) out: Output,
    pub(crate) stop: Stop,
    data_dir: Option<PathBuf>,
    new_identity: bool,
}

impl App {
    pub(crate) fn new(global: &Global, out: Output) -> Self {
        Self { out, stop: Stop::listen(), data_dir: global.data_dir.clone(), new_identity: global.new_identity }
    }

    /// Where database and device key are kept.
    pub(crate) fn data_dir(&self) -> Result<PathBuf> {
        let usual = || Some(ProjectDirs::from("org", "Fieldcast", "fieldcast")?.data_dir().to_owned());
        let missing = || Error::usage("there is no home folder to keep data in: name one with --data-dir");
        let dir = self.data_dir.clone().or_else(usual).ok_or_else(missing)?;
        Ok(std::path::absolute(&dir).unwrap_or(dir))
    }

    /// The engine, as most commands want it.
    pub(crate) async fn engine(&self) -> Result<Engine> {
        // Whether plain http is allowed was decided at login; a server that was refused there is not remembered.
        self.engine_with(Settings { allow_http: true, ..Settings::new(self.data_dir()?) }).await
    }

    /// Who this device is; told also while another Fieldcast has the folder open.
    pub(crate) async fn fingerprint(&self) -> Result<Fingerprint> {
        match fieldcast::device_fingerprint(&self.data_dir()?)? {
            Some(fingerprint) => Ok(fingerprint),
            None => Ok(self.engine().await?.fingerprint()), // made on first use
        }
    }

    pub(crate) async fn engine_with(&self, settings: Settings) -> Result<Engine> {
        let engine = Engine::open(Settings { new_identity: self.new_identity, ..settings }).await?;
        if let Some(recovery) = engine.recovery() {
            warn(format_args!("{}", recovered(recovery)));
            self.out.event(|| events::recovered(recovery))?;
        }
        Ok(engine)
    }

    /// The project to work in: the one named, the one used before, the only one, or the one a person picks.
    pub(crate) async fn project(&self, engine: &Engine, named: Option<&str>) -> Result<Project> {
        match engine.choose_project(named).await {
            Err(fieldcast::Error::WhichProject { .. }) if named.is_none() && self.out.is_interactive() => {
                let projects = engine.projects().await?;
                let names = projects.iter().map(|project| safe(&project.name)).collect();
                let picked = prompt::pick_one("Project".to_owned(), names).await?;
                let id = projects.get(picked).map(|project| project.id.as_str());
                Ok(engine.choose_project(id).await?)
            }
            chosen => Ok(chosen?),
        }
    }
}

/// What a recovery has saved, and what the user has to do about the rest.
fn recovered(Recovery { old, records, incomplete, edits, lost_edits, settings_lost }: &Recovery) -> String {
    let mut text = format!(
        "The database was damaged and was recovered: {} and {} saved.",
        counted(*records, "record", "records"),
        counted(*edits, "edit", "edits")
    );
    if !incomplete.is_empty() {
        let villages = counted(incomplete.len() as u64, "village", "villages");
        text += &format!(" {villages} lost records: download or receive them again (fieldcast status).");
    }
    if *lost_edits > 0 {
        text += " Edits are possibly lost: see fieldcast edits.";
    }
    if *settings_lost {
        text += " Settings and trusted devices were lost: nothing is taken without a grant until you set the policy again \
                 (fieldcast grant policy).";
    }
    if let Some(old) = old {
        text += &format!(" The damaged file is kept: {}", old.display());
    }
    text
}
