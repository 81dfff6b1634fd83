//! `fieldcast peers`: trusted devices, whose codes the users have compared.

use fieldcast::TrustedPeer;

use crate::app::App;
use crate::args::{PeersArgs, PeersCommand};
use crate::commands::datasets;
use crate::error::Result;
use crate::events;
use crate::names::find_device;
use crate::text::{Table, fingerprint, utc};

pub(crate) async fn run(app: &App, args: &PeersArgs) -> Result {
    let engine = app.engine().await?;
    let known = engine.trusted_peers().await?;
    let Some(PeersCommand::Forget { device, remove_data }) = &args.command else {
        known.iter().try_for_each(|peer| app.out.event(|| events::known_peer("known_peer", peer)))?;
        if known.is_empty() {
            return app.out.line("No trusted devices yet. Compare the codes on both screens when you send or receive.");
        }
        let mut table = Table::new(&["device", "fingerprint", "words", "trusted since (UTC)"]);
        let row = |peer: &TrustedPeer| {
            let TrustedPeer { fingerprint: key, name, since } = peer;
            vec![name.to_string(), fingerprint(key, args.full), key.words(), utc(*since)]
        };
        known.iter().for_each(|peer| table.row(row(peer)));
        return table.lines().iter().try_for_each(|line| app.out.line(line));
    };
    let peer =
        find_device(&known, device, |peer| (&peer.fingerprint, &peer.name), "trusted device", "fieldcast peers")?;
    engine.forget_peer(peer.fingerprint).await?;
    app.out.event(|| events::known_peer("peer_forgotten", peer))?;
    app.out.line(format_args!(
        "{} [{}] is no longer trusted. Compare the codes again at the next transfer.",
        peer.name,
        peer.fingerprint.short()
    ))?;
    datasets::offer_removal(app, &engine, &[peer.fingerprint], *remove_data).await
}
