//! The DIGIT server: who is logged in, what there is to download.

use fieldcast_downsync::{BoundaryTree, Client, Project, ServerConfig, Session};
use fieldcast_store::{Login, Store};

use super::Engine;
use crate::downsync_job::DownsyncRequest;
use crate::{DownsyncJob, Error};

/// Setting: the id of the chosen project.
const PROJECT: &str = "project";

/// Who waits for the server: a person wants to hear soon that it is off, a download should outlast a weak signal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Person,
    Job,
}

/// Who is logged in where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Base URL of the server.
    pub server: String,
    /// DIGIT tenant.
    pub tenant: String,
    /// The user's name for people, or the login name.
    pub name: String,
    /// Codes of the user's roles.
    pub roles: Vec<String>,
}

impl Engine {
    /// Logs in and remembers it.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub async fn login(&self, server: &str, tenant: &str, user: &str, password: &str) -> Result<Account, Error> {
        let session = self.client(server, tenant, Patience::Person)?.login(user, password).await?;
        let login = Login {
            server: server.to_owned(),
            tenant: tenant.to_owned(),
            session: serde_json::to_string(&session).map_err(|error| Error::Task(error.to_string()))?,
        };
        let account = account(&login, &session);
        self.store_call(move |store| store.save_login(&login)).await?;
        Ok(account)
    }

    /// Who is logged in, if anybody.
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

    /// Forgets the login; the data stays.
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
        Ok(self.client(&login.server, &login.tenant, Patience::Person)?.projects(&session).await?)
    }

    /// Chooses the project to work in by id or name; `None` takes the one chosen before, or the only one there is.
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
        Ok(self.client(&login.server, &login.tenant, Patience::Person)?.boundaries(&session, project).await?)
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
        let order =
            DownsyncRequest { client, server: login.server, session, project, tenant: login.tenant, boundaries };
        Ok(DownsyncJob::start(self.inner.store.clone(), order))
    }

    fn client(&self, server: &str, tenant: &str, patience: Patience) -> Result<Client, Error> {
        let mut config = ServerConfig { allow_http: self.inner.allow_http, ..ServerConfig::new(server, tenant) };
        if patience == Patience::Person {
            config.retry.attempts = 2;
        }
        Ok(Client::new(config)?)
    }

    async fn session(&self) -> Result<(Login, Session), Error> {
        let login = self.store_call(Store::login).await?.ok_or(Error::NotLoggedIn)?;
        // A session of another version of Fieldcast is as good as none.
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
