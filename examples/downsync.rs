//! Downloads every village of a project: `cargo run --example downsync -- DATA_DIR SERVER TENANT USER [PROJECT]`. The
//! password is in the variable FIELDCAST_PASSWORD. For a server to try it on: `cargo run -p fieldcast-cli -- sandbox`.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;

use fieldcast::{DownsyncEvent, Engine, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(server), Some(tenant), Some(user)) = (args.next(), args.next(), args.next(), args.next())
    else {
        return Err("usage: downsync DATA_DIR SERVER TENANT USER [PROJECT]".into());
    };
    let engine = Engine::open(Settings::new(dir)).await?;
    engine.login(&server, &tenant, &user, &std::env::var("FIELDCAST_PASSWORD")?).await?;
    let project = engine.choose_project(args.next().as_deref()).await?;
    let villages: Vec<_> = engine.boundaries(&project).await?.leaves().map(|boundary| boundary.code.clone()).collect();

    let job = engine.downsync(project, &villages).await?;
    let mut events = job.subscribe();
    let progress = async {
        while let Some(event) = events.next().await {
            if let DownsyncEvent::Done { summary, .. } = event {
                println!("{}: {} households", summary.boundary_name, summary.households);
            }
        }
    };
    let (report, ()) = tokio::join!(job.finished(), progress);
    println!("{} villages failed", report?.failed.len());
    Ok(())
}
