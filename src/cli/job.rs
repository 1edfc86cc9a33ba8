//! `nexus job …`: looks after the work that is done later.

use super::output::table;
use super::{Common, Done, Failure, open_shop, wait};
use crate::app;
use crate::config::Flags;
use crate::domain::{JobId, JobState};
use crate::services::jobs::JobRow;
use crate::services::{Ctx, Shop};
use clap::{Args, Subcommand, ValueEnum};
use std::sync::Arc;

/// Looks after the work that is done later: letters and the like.
#[derive(Args)]
#[command(after_help = "Example: nexus job list --state dead")]
pub struct JobArgs {
    #[command(subcommand)]
    command: JobCommand,
}

#[derive(Subcommand)]
enum JobCommand {
    /// List the newest jobs; what is in them is not shown, since it may be personal
    #[command(after_help = "Example: nexus job list --state dead --json")]
    List {
        /// Only those in this state
        #[arg(long)]
        state: Option<StateArg>,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Make a job due at once: a dead one with all its attempts before it, or one that waits
    #[command(after_help = "Example: nexus job retry 17")]
    Retry {
        /// The job's id, as the list shows it
        #[arg(value_name = "ID", value_parser = job_id)]
        id: JobId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run jobs in a shop that no server runs on, until stopped (Ctrl-C or SIGTERM)
    #[command(after_help = "Example: nexus job run --once")]
    Run {
        /// End as soon as nothing is due
        #[arg(long)]
        once: bool,
        /// Print JSON
        #[arg(long, requires = "once")]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum StateArg {
    Waiting,
    Running,
    Dead,
}

impl From<StateArg> for JobState {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Waiting => Self::Waiting,
            StateArg::Running => Self::Running,
            StateArg::Dead => Self::Dead,
        }
    }
}

fn job_id(text: &str) -> Result<JobId, &'static str> {
    JobId::parse(text).ok_or("a job's id is a number, see `nexus job list`")
}

pub(super) fn run(args: JobArgs, common: &Common) -> Done {
    match args.command {
        JobCommand::List { state, json } => list(&common.open()?, state.map(JobState::from), json),
        JobCommand::Retry { id, json } => {
            let job = wait(common.open()?.job_retry(&Ctx::owner(), id))??;
            if json {
                println!("{}", row(&job));
            } else {
                println!("job {} ({}) is due now; a running shop or `nexus job run` does it", job.id, job.kind);
            }
            Ok(())
        }
        JobCommand::Run { once, json } => work(common, once, json),
    }
}

fn list(shop: &Shop, state: Option<JobState>, json: bool) -> Done {
    let jobs = shop.job_list(&Ctx::owner(), state)?;
    if json {
        jobs.iter().for_each(|job| println!("{}", row(job)));
        return Ok(());
    }
    let cells = |job: &JobRow| {
        let moment = if job.state == JobState::Waiting { job.run_at } else { job.updated_at };
        let error = job.last_error.as_deref().unwrap_or_default().lines().next().unwrap_or_default();
        let (id, attempts) = (job.id.to_string(), job.attempts.to_string());
        vec![id, job.kind.clone(), job.state.as_str().to_owned(), attempts, moment.to_rfc3339(), error.to_owned()]
    };
    if !jobs.is_empty() {
        let rows: Vec<_> = jobs.iter().map(cells).collect();
        print!("{}", table(&["id", "kind", "state", "attempts", "due or since", "error"], &rows));
    }
    let counts = shop.job_counts(&Ctx::owner())?;
    println!("{} waiting, {} running, {} dead", counts.waiting, counts.running, counts.dead);
    Ok(())
}

fn row(job: &JobRow) -> serde_json::Value {
    serde_json::json!({
        "id": job.id, "kind": job.kind, "state": job.state.as_str(), "attempts": job.attempts,
        "run_at": job.run_at.to_rfc3339(), "last_error": job.last_error,
        "created_at": job.created_at.to_rfc3339(), "updated_at": job.updated_at.to_rfc3339(),
    })
}

fn work(common: &Common, once: bool, json: bool) -> Done {
    let config = common.load(Flags::default())?.config;
    let log = app::log(&config.log)?;
    let shop = Arc::new(open_shop(&config)?);
    let outcome = if once {
        app::jobs_run_due(&shop).map(|ran| {
            if json {
                let (done, retried, dead, chores) = (ran.done, ran.retried, ran.dead, ran.chores);
                println!("{}", serde_json::json!({ "done": done, "retried": retried, "dead": dead, "chores": chores }));
            } else {
                println!("{} done, {} to be tried again, {} given up", ran.done, ran.retried, ran.dead);
            }
        })
    } else {
        println!("running jobs until stopped");
        app::jobs_run(&config, &shop)
    };
    shop.close();
    log.flush();
    outcome.map_err(Failure::from)
}
