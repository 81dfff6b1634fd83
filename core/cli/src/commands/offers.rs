//! `fieldcast offers`: offers that were accepted and did not finish.

use std::collections::BTreeMap;

use fieldcast::Sender;

use crate::app::App;
use crate::args::{OffersArgs, OffersCommand};
use crate::error::{Error, Result};
use crate::events;
use crate::names::is_device;
use crate::offers::contents;
use crate::text::{Table, bytes};

pub(crate) async fn run(app: &App, args: &OffersArgs) -> Result {
    let engine = app.engine().await?;
    let unfinished = engine.unfinished_offers().await?;
    let Some(OffersCommand::Withdraw { device }) = &args.command else {
        unfinished.iter().try_for_each(|offer| app.out.event(|| events::unfinished_offer(offer)))?;
        if unfinished.is_empty() {
            return app.out.line("No accepted offer is unfinished.");
        }
        let mut table = Table::new(&["from", "what", ">already here"]);
        for offer in &unfinished {
            table.row(vec![named(&offer.sender), contents(&offer.snapshots), bytes(offer.staged)]);
        }
        table.lines().iter().try_for_each(|line| app.out.line(line))?;
        return app.out.line("They go on when the sender offers them again, or: fieldcast offers withdraw DEVICE");
    };
    let is_meant = |sender: &Sender| is_device(device, &sender.fingerprint, &sender.name);
    let senders = unfinished.into_iter().map(|offer| offer.sender).filter(is_meant);
    let meant: BTreeMap<_, _> = senders.map(|sender| (sender.fingerprint, sender)).collect();
    match meant.into_values().collect::<Vec<_>>().as_slice() {
        [sender] => {
            engine.withdraw_offers(sender.fingerprint).await?;
            app.out.event(|| events::offers_withdrawn(sender))?;
            app.out.line(format_args!("Withdrawn. The next offer of {} is a new question.", named(sender)))
        }
        [] => Err(Error::Usage(format!("no unfinished offer of `{device}`: see `fieldcast offers`"))),
        _ => Err(Error::Usage(format!("several devices are called `{device}`: give the fingerprint"))),
    }
}

fn named(sender: &Sender) -> String {
    format!("{} [{}]", sender.name, sender.fingerprint.short())
}
