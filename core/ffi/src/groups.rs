//! Wi-Fi groups that the phone makes and joins.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use fieldcast::{Interface, choose_interface, new_group};
use tokio::time::{Instant, sleep};

use crate::group_changes::Groups;
use crate::ports::WifiLink;
use crate::{Fieldcast, FieldcastError, GroupChanges, WifiGroup};

/// How long an address that the phone has reported may take to appear in the system.
const APPEARS_WITHIN: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A group that this device is in.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct JoinedGroup {
    /// Name and passphrase, in the form that an invite needs.
    pub group: WifiGroup,
    /// This device's address in the group: the `interface` for a session's options.
    pub interface: Interface,
}

/// How a phone enters a group.
enum Entry {
    Make,
    Join,
}

#[uniffi::export]
impl Fieldcast {
    /// Makes a Wi-Fi group with the phone. Without `group`, it gets a new name and passphrase.
    ///
    /// # Errors
    /// [`FieldcastError::NoNetwork`], [`FieldcastError::PermissionNeeded`].
    pub async fn make_group(&self, group: Option<WifiGroup>) -> Result<JoinedGroup, FieldcastError> {
        let group = match group {
            Some(group) => group,
            None => (&new_group()?).into(),
        };
        self.enter_group(group, Entry::Make).await
    }

    /// Joins a Wi-Fi group with the phone, for example the group of an invite.
    ///
    /// # Errors
    /// [`FieldcastError::NoNetwork`], [`FieldcastError::PermissionNeeded`].
    pub async fn join_group(&self, group: WifiGroup) -> Result<JoinedGroup, FieldcastError> {
        self.enter_group(group, Entry::Join).await
    }

    /// Leaves the group that the phone made or joined.
    ///
    /// # Errors
    /// [`FieldcastError::NoNetwork`], [`FieldcastError::PermissionNeeded`].
    pub async fn leave_group(&self) -> Result<(), FieldcastError> {
        let (link, groups) = (self.link()?, self.core.groups.clone());
        self.core.runtime.run(async move { leave(&*link, &groups).await }).await
    }
}

impl Fieldcast {
    async fn enter_group(&self, group: WifiGroup, entry: Entry) -> Result<JoinedGroup, FieldcastError> {
        let (link, changes) = (self.link()?, self.core.groups.begin());
        self.core.runtime.run(enter(link, changes, self.core.groups.clone(), group, entry)).await
    }

    fn link(&self) -> Result<Arc<dyn WifiLink>, FieldcastError> {
        let link = self.core.ports.link.clone();
        link.ok_or_else(|| FieldcastError::NoNetwork {
            reason: "this app cannot make or join Wi-Fi groups: connect both phones to the same Wi-Fi".to_owned(),
        })
    }
}

async fn enter(
    link: Arc<dyn WifiLink>,
    changes: Arc<GroupChanges>,
    groups: Arc<Groups>,
    group: WifiGroup,
    entry: Entry,
) -> Result<JoinedGroup, FieldcastError> {
    let addr = match entry {
        Entry::Make => link.make_group(group.clone(), changes.clone()).await?,
        Entry::Join => link.join_group(group.clone(), changes.clone()).await?,
    };
    changes.begun(addr);
    match appeared(addr).await {
        Ok(interface) => Ok(JoinedGroup { group, interface }),
        Err(error) => {
            // The group is unusable, and a caller that gets an error will not leave it.
            leave(&*link, &groups).await?;
            Err(error)
        }
    }
}

async fn leave(link: &dyn WifiLink, groups: &Groups) -> Result<(), FieldcastError> {
    link.leave_group().await?;
    groups.left();
    Ok(())
}

/// The interface with this address. The system may show it shortly after the phone has reported it.
async fn appeared(addr: IpAddr) -> Result<Interface, FieldcastError> {
    let (begun, asked) = (Instant::now(), addr.to_string());
    loop {
        match choose_interface(Some(&asked)) {
            Ok(interface) => return Ok(interface),
            Err(error) if begun.elapsed() > APPEARS_WITHIN => return Err((&error).into()),
            Err(_) => sleep(POLL_INTERVAL).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::PortError;

    /// Makes groups at an address that no interface has.
    #[derive(Default)]
    struct Nowhere(Mutex<Vec<String>>);

    #[async_trait::async_trait]
    impl WifiLink for Nowhere {
        async fn make_group(&self, group: WifiGroup, _: Arc<GroupChanges>) -> Result<IpAddr, PortError> {
            self.0.lock().unwrap().push(group.name);
            Ok([192, 0, 2, 7].into())
        }

        async fn join_group(&self, group: WifiGroup, changes: Arc<GroupChanges>) -> Result<IpAddr, PortError> {
            self.make_group(group, changes).await
        }

        async fn leave_group(&self) -> Result<(), PortError> {
            self.0.lock().unwrap().clear();
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn leaves_unusable_group() {
        for entry in [Entry::Make, Entry::Join] {
            let (link, groups) = (Arc::new(Nowhere::default()), Arc::new(Groups::default()));
            let group = WifiGroup { name: "DIRECT-fc-1".to_owned(), passphrase: "correct horse".to_owned() };
            let entered = enter(link.clone(), groups.begin(), groups.clone(), group, entry).await;
            assert!(matches!(entered, Err(FieldcastError::NoNetwork { .. })), "{entered:?}");
            assert!(link.0.lock().unwrap().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn stops_waiting_for_missing_address() {
        assert!(appeared("127.0.0.1".parse().unwrap()).await.unwrap().is_loopback);
        let begun = Instant::now();
        let none = appeared("192.0.2.7".parse().unwrap()).await;
        assert!(matches!(none, Err(FieldcastError::NoNetwork { .. })), "{none:?}");
        assert!((APPEARS_WITHIN..APPEARS_WITHIN * 2).contains(&begun.elapsed()));
    }
}
