//! `fieldcast boundaries`

use crate::app::App;
use crate::args::BoundariesArgs;
use crate::error::Result;
use crate::events;
use crate::text::{Table, counted, safe};

pub(crate) async fn run(app: &App, args: &BoundariesArgs) -> Result {
    let engine = app.engine().await?;
    let project = app.project(&engine, args.project.as_deref()).await?;
    let tree = engine.boundaries(&project).await?;
    tree.all().iter().try_for_each(|boundary| app.out.event(|| events::boundary(boundary)))?;
    let mut table = Table::new(&["boundary", "level", "code"]);
    for boundary in tree.all() {
        let mark = if boundary.leaf { "• " } else { "" };
        let name = format!("{}{mark}{}", "  ".repeat(boundary.depth), safe(&boundary.name));
        table.row(vec![name, safe(&boundary.kind), safe(&boundary.code)]);
    }
    table.lines().iter().try_for_each(|line| app.out.line(line))?;
    let leaves = counted(tree.leaves().count() as u64, "village", "villages");
    app.out.line(format_args!(
        "\nYou can download {leaves} (•) of {}: fieldcast downsync CODE_OR_NAME...",
        safe(&project.name)
    ))
}
