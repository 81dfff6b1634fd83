//! State that all commands share: the output, the data folder and the stop signal.

use std::path::PathBuf;

use directories::ProjectDirs;
use fieldcast::{Engine, Fingerprint, Project, Recovery, Settings};

use crate::args::Global;
use crate::error::{Error, Result};
use crate::output::{Output, warn};
use crate::stop::Stop;
use crate::text::{counted, safe};
use crate::{events, prompt};

/// The environment of a command.
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

    /// The folder of the database and the device key.
    pub(crate) fn data_dir(&self) -> Result<PathBuf> {
        let default_dir = || Some(ProjectDirs::from("org", "Fieldcast", "fieldcast")?.data_dir().to_owned());
        let missing = || {
            Error::usage("there is no home folder for the data: name a folder, for example --data-dir /data/fieldcast")
        };
        let dir = self.data_dir.clone().or_else(default_dir).ok_or_else(missing)?;
        Ok(std::path::absolute(&dir).unwrap_or(dir))
    }

    /// The engine with the settings that most commands use.
    pub(crate) async fn engine(&self) -> Result<Engine> {
        // The login decides about plain http and saves only a server that it accepted.
        self.engine_with(Settings { allow_http: true, ..Settings::new(self.data_dir()?) }).await
    }

    /// This device's fingerprint. Works even while another Fieldcast process has the folder open.
    pub(crate) async fn fingerprint(&self) -> Result<Fingerprint> {
        match fieldcast::device_fingerprint(&self.data_dir()?)? {
            Some(fingerprint) => Ok(fingerprint),
            None => Ok(self.engine().await?.fingerprint()), // the first use creates the key
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

    /// The project to use: the named one, the last used one, the only one, or the one that the user picks.
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

/// Says what a recovery saved, and what the user must do about the rest.
fn recovered(Recovery { old, records, incomplete, edits, lost_edits, settings_lost }: &Recovery) -> String {
    let mut text = format!(
        "The database was damaged and was recovered: {} and {} saved.",
        counted(*records, "record", "records"),
        counted(*edits, "edit", "edits")
    );
    if !incomplete.is_empty() {
        let villages = counted(incomplete.len() as u64, "village", "villages");
        text += &format!(" {villages} lost records. Download or receive them again; `fieldcast status` lists them.");
    }
    if *lost_edits > 0 {
        text += " Edits are possibly lost: run `fieldcast edits` to see them.";
    }
    if *settings_lost {
        text += " Settings and trusted devices were lost. This device accepts nothing without a grant until you set \
                 the policy again: `fieldcast grant policy`.";
    }
    if let Some(old) = old {
        text += &format!(" Fieldcast kept the damaged file: {}", old.display());
    }
    text
}
