//! The DIGIT server: login, projects and boundaries.

use fieldcast_downsync::{BoundaryTree, Client, Project, ServerConfig, Session};
use fieldcast_store::{Login, Store};

use super::Engine;
use crate::downsync_job::DownsyncRequest;
use crate::{DownsyncJob, Error};

/// Setting: the id of the chosen project.
const PROJECT: &str = "project";

/// How long to wait for the server. A user wants an error soon if the server is off; a download should survive a weak
/// signal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    User,
    Job,
}

/// A login at a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Base URL of the server.
    pub server: String,
    /// DIGIT tenant.
    pub tenant: String,
    /// The user's display name, or the login name.
    pub name: String,
    /// Codes of the user's roles.
    pub roles: Vec<String>,
}

impl Engine {
    /// Logs in and stores the session.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub async fn login(&self, server: &str, tenant: &str, user: &str, password: &str) -> Result<Account, Error> {
        let session = self.client(server, tenant, Patience::User)?.login(user, password).await?;
        let login = Login {
            server: server.to_owned(),
            tenant: tenant.to_owned(),
            session: serde_json::to_string(&session).map_err(|error| Error::Task(error.to_string()))?,
        };
        let account = account(&login, &session);
        self.store_call(move |store| store.save_login(&login)).await?;
        Ok(account)
    }

    /// The current login, if there is one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn account(&self) -> Result<Option<Account>, Error> {
        match self.session().await {
            Ok((login, session)) => Ok(Some(account(&login, &session))),
            Err(Error::NotLoggedIn) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes the login; the data stays.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn logout(&self) -> Result<(), Error> {
        self.store_call(Store::forget_login).await
    }

    /// The account's projects, from the server.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], [`Error::Server`].
    pub async fn projects(&self) -> Result<Vec<Project>, Error> {
        let (login, session) = self.session().await?;
        Ok(self.client(&login.server, &login.tenant, Patience::User)?.projects(&session).await?)
    }

    /// Chooses the project to work in by id or name. `None` takes the project that was chosen before, or the only one.
    ///
    /// # Errors
    /// [`Error::WhichProject`], and those of [`projects`](Self::projects).
    pub async fn choose_project(&self, id_or_name: Option<&str>) -> Result<Project, Error> {
        let projects = self.projects().await?;
        let before = self.store_call(|store| store.setting(PROJECT)).await?;
        let wanted = |project: &&Project| match id_or_name {
            Some(wanted) => project.id == wanted || project.name == wanted,
            None => projects.len() == 1 || Some(&project.id) == before.as_ref(),
        };
        let Some(project) = projects.iter().find(wanted).cloned() else {
            let known: Vec<_> = projects.iter().map(|project| format!("{} ({})", project.name, project.id)).collect();
            return Err(Error::WhichProject { known: known.join(", ") });
        };
        let id = project.id.clone();
        self.store_call(move |store| store.set_setting(PROJECT, &id)).await?;
        Ok(project)
    }

    /// The project's boundaries, from the server.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], [`Error::Server`].
    pub async fn boundaries(&self, project: &Project) -> Result<BoundaryTree, Error> {
        let (login, session) = self.session().await?;
        Ok(self.client(&login.server, &login.tenant, Patience::User)?.boundaries(&session, project).await?)
    }

    /// Starts downloading leaf boundaries, given by code.
    ///
    /// # Errors
    /// [`Error::NoSuchBoundary`], and those of [`boundaries`](Self::boundaries).
    pub async fn downsync(&self, project: Project, codes: &[String]) -> Result<DownsyncJob, Error> {
        let tree = self.boundaries(&project).await?;
        let find = |code: &String| match tree.find(code).filter(|boundary| boundary.leaf) {
            Some(boundary) => Ok((boundary.code.clone(), boundary.name.clone())),
            None => Err(Error::NoSuchBoundary { code: code.clone() }),
        };
        let boundaries = codes.iter().map(find).collect::<Result<_, _>>()?;
        let (login, session) = self.session().await?;
        let client = self.client(&login.server, &login.tenant, Patience::Job)?;
        let request =
            DownsyncRequest { client, server: login.server, session, project, tenant: login.tenant, boundaries };
        Ok(DownsyncJob::start(self.inner.store.clone(), request))
    }

    fn client(&self, server: &str, tenant: &str, patience: Patience) -> Result<Client, Error> {
        let mut config = ServerConfig { allow_http: self.inner.allow_http, ..ServerConfig::new(server, tenant) };
        if patience == Patience::User {
            config.retry.attempts = 2;
        }
        Ok(Client::new(config)?)
    }

    async fn session(&self) -> Result<(Login, Session), Error> {
        let login = self.store_call(Store::login).await?.ok_or(Error::NotLoggedIn)?;
        // A session of another version of Fieldcast cannot be used, so the user must log in again.
        let session = serde_json::from_str(&login.session).map_err(|_| Error::NotLoggedIn)?;
        Ok((login, session))
    }
}

fn account(login: &Login, session: &Session) -> Account {
    let name = if session.name.is_empty() { &session.user_name } else { &session.name };
    Account {
        server: login.server.clone(),
        tenant: login.tenant.clone(),
        name: name.clone(),
        roles: session.roles.iter().map(|role| role.code.clone()).collect(),
    }
}
