//! `portolan apply`: makes the changes of a fresh plan, after asking, or of a saved one.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::Path,
    sync::{Arc, OnceLock},
};

use anyhow::Context as _;
use tokio::runtime::Runtime;

use super::{
    asked::Asked,
    callers, cloud,
    deadline::{Deadline, TooLate},
    door::Door,
    logins, output, plan,
    receipt::Logbook,
    runtime, secrets, session,
    signals::{self, Signals},
};
use crate::{
    apply::{self, Options, Shutdown},
    cli::{ApplyArgs, Format, Global},
    config::load,
    diagnostics::View,
    exit::Exit,
    input,
    plan::{Outcome, Plan, document},
    progress::Listener,
    receipt::PlanStamp,
    render::{self, style::Depth},
    report::{ApplyOutcome, Fate, Halt, Record, Report},
};

pub(super) fn run(global: &Global, args: &ApplyArgs) -> anyhow::Result<Exit> {
    if args.plan.is_some() && global.file_is_typed {
        return Err(super::UsageError(
            "a saved plan holds its chart: leave `--file` out".to_owned(),
        )
        .into());
    }
    // Before anything is read: the question would take its answer from the end of the chart.
    if args.plan.is_none() && !args.yes && load::reads_stdin(&global.file) {
        let problem = "the chart comes through standard input, where the question would be \
            answered: add `--yes`";
        return Err(super::UsageError(problem.to_owned()).into());
    }
    // A usage error ends the command as in clap. Any other error still gets a report in the
    // requested format, which scripts read.
    let logbook = match Logbook::open(global, args) {
        Ok(logbook) => logbook,
        Err(error) if error.is::<super::UsageError>() => return Err(error),
        Err(error) => {
            return nothing(
                global,
                args,
                &Logbook::default(),
                session::Unready::because(&error),
            );
        }
    };
    let runtime = runtime::new()?;
    let exit = plan_and_make(global, args, &logbook, &runtime);
    // A DNS lookup blocks its thread and cannot be cancelled; dropping the runtime would wait for
    // it.
    runtime.shutdown_background();
    exit
}

fn plan_and_make(
    global: &Global,
    args: &ApplyArgs,
    logbook: &Logbook,
    runtime: &Runtime,
) -> anyhow::Result<Exit> {
    let ready = match &args.plan {
        Some(path) => runtime.block_on(saved(global, path)),
        None => runtime.block_on(fresh(global, args)),
    };
    let Ready {
        plan,
        stamp,
        views,
        door,
    } = match ready {
        Ok(ready) => ready,
        Err(NotReady::Usage(error)) => return Err(error),
        Err(NotReady::Reported(unready)) => return nothing(global, args, logbook, unready),
    };
    output::failures(&plan.failures);
    show(global, args, &plan)?;
    logbook.begin(&plan, &stamp);
    // The logins are read after the question: they are not needed for a plan that is refused.
    let ready = match refusal(global, &plan, args, runtime)? {
        Some(refused) => Err(refused),
        None => logins::read(&plan, &secrets::own(global)),
    };
    // From here on a signal must not end the process: the report and the receipt would be missing.
    let _listening = Signals::listen();
    let report = match ready {
        Err(refused) => {
            let records = vec![Record::from(Fate::NotAttempted); plan.changes.len()];
            Report {
                plan: &plan,
                records,
                refused: Some(refused),
                halt: None,
                is_known: true,
            }
        }
        Ok(logins) => {
            let wait = (!args.no_wait).then_some(args.wait.0);
            let options = Options {
                fail_fast: args.fail_fast,
                wait,
                pace: door.pace(),
                now: runtime::now(),
                logins,
            };
            let listener = logbook.listener(output::listener(global));
            let (records, halt) = runtime.block_on(make(options, &plan, &door, &listener));
            Report {
                plan: &plan,
                records,
                refused: None,
                halt,
                is_known: true,
            }
        }
    };
    finish(global, args, logbook, &report, stamp, views)
}

/// Reports that there is no plan to apply, in every format that was requested.
fn nothing(
    global: &Global,
    args: &ApplyArgs,
    logbook: &Logbook,
    session::Unready(views): session::Unready,
) -> anyhow::Result<Exit> {
    let plan = Plan::default();
    let refused = Some("there is no plan".to_owned());
    let report = Report {
        plan: &plan,
        records: Vec::new(),
        refused,
        halt: None,
        is_known: false,
    };
    finish(
        global,
        args,
        logbook,
        &report,
        PlanStamp::new(String::new(), &plan),
        views,
    )
}

/// A plan, and what it takes to apply it.
struct Ready {
    plan: Plan,
    stamp: PlanStamp,
    views: Vec<View>,
    door: Door,
}

/// Why there is nothing to apply.
enum NotReady {
    Usage(anyhow::Error),
    Reported(session::Unready),
}

fn not_ready(error: anyhow::Error) -> NotReady {
    if error.is::<super::UsageError>() {
        NotReady::Usage(error)
    } else {
        NotReady::Reported(session::Unready::because(&error))
    }
}

async fn fresh(global: &Global, args: &ApplyArgs) -> Result<Ready, NotReady> {
    let mut loaded = session::load_chart(global).map_err(NotReady::Reported)?;
    let asked = Asked::read(&args.selection, &[], &args.backfill.backfill, &loaded.chart)
        .map_err(|error| not_ready(error.into()))?;
    let door = Door::for_chart(global, &loaded.chart)
        .await
        .map_err(not_ready)?;
    let made = plan::make(global, &mut loaded, &door, &args.consent.allow, &asked).await;
    let plan::Made {
        mut plan, stops, ..
    } = made.map_err(NotReady::Reported)?;
    // A plan's id is the digest of its whole file, which costs time and memory to serialize. Only
    // the receipt and the events contain it.
    let needs_id = args.receipt.is_some() || args.events.is_some();
    let id = if needs_id {
        document::id(&plan, &loaded.views)
    } else {
        String::new()
    };
    let stamp = PlanStamp::new(id, &plan);
    // With failed reads the plan is unknown anyway, and they are the better explanation.
    if plan.failures.is_empty() {
        plan.stopped.extend(stops);
    }
    Ok(Ready {
        plan,
        stamp,
        views: loaded.views,
        door,
    })
}

async fn saved(global: &Global, path: &Path) -> Result<Ready, NotReady> {
    let read = async || -> anyhow::Result<(Plan, PlanStamp, Door)> {
        if let Some(error) = session::chart_for_plan(path, "apply") {
            return Err(error.into());
        }
        let text = input::text(path, input::MOST)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let plan =
            document::read(&text).with_context(|| format!("cannot apply {}", path.display()))?;
        let stamp = PlanStamp::new(document::id_of(&text), &plan);
        let door = Door::for_plan(global, &plan).await?;
        Ok((plan, stamp, door))
    };
    let (mut plan, stamp, door) = read().await.map_err(not_ready)?;
    // Only the account and the caller are read here. The preconditions of the changes are checked
    // right before each write, where they are still current.
    let checks = async {
        cloud::check_saved(&mut plan, &door).await?;
        callers::check_saved(&mut plan, &door).await
    };
    door.deadline
        .within(checks)
        .await
        .map_err(|broken_off| not_ready(broken_off.into()))?
        .map_err(not_ready)?;
    Ok(Ready {
        plan,
        stamp,
        views: Vec::new(),
        door,
    })
}

/// The plan is part of what is printed, unless stdout holds a JSON document.
fn show(global: &Global, args: &ApplyArgs, plan: &Plan) -> anyhow::Result<()> {
    match args.format {
        Format::Text => {
            let text = render::plan::text(plan, output::stdout_look(global, Depth::Folded));
            output::document(&output::fitted(text))
        }
        Format::Json => {
            // Only for the question: without one, nobody may be there to read it.
            if !args.yes && args.plan.is_none() {
                output::print_line(&render::plan::text(
                    plan,
                    output::stderr_look(global, Depth::Folded),
                ));
            }
            Ok(())
        }
    }
}

/// Why nothing may be sent; `None` if it may, which includes a plan without anything to do.
fn refusal(
    global: &Global,
    plan: &Plan,
    args: &ApplyArgs,
    runtime: &Runtime,
) -> anyhow::Result<Option<String>> {
    // A stop names its own reason, so it comes before the general one below.
    if let Some(stop) = plan.stopped.first() {
        return Ok(Some(format!("the plan is stopped: {}", stop.message)));
    }
    if plan.outcome() == Outcome::Unknown {
        return Ok(Some("part of the live state could not be read".to_owned()));
    }
    if args.yes || args.plan.is_some() || plan.runnable().next().is_none() {
        return Ok(None);
    }
    if !io::stdin().is_terminal() {
        return Ok(Some(
            "standard input is not a terminal; `--yes` applies without asking".to_owned(),
        ));
    }
    // Beside JSON the plan is on stderr too.
    let is_below_plan = args.format == Format::Json || io::stdout().is_terminal();
    let question = render::question::text(plan, is_below_plan, output::stderr_color(global));
    let question = output::fitted_for_stderr(question);
    let confirmed = runtime.block_on(confirmed(&question))?;
    Ok((!confirmed).then(|| "it was not confirmed".to_owned()))
}

/// Asks, with the risks right above the question: the plan may be longer than the screen. Ctrl-C
/// means no.
async fn confirmed(question: &str) -> anyhow::Result<bool> {
    let mut signals = Signals::listen();
    // On stderr, because stdout may be a file or a pipe with the document.
    let mut stderr = io::stderr();
    write!(stderr, "\n{question}").and_then(|()| stderr.flush())?;
    let (sender, answer) = tokio::sync::oneshot::channel();
    // A blocking read of a terminal cannot be cancelled, so it has a thread that may outlive the
    // question. A blocking task of the runtime would hold up its shutdown.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        // Nobody waits any more if a signal answered the question.
        let _ = sender.send(read.map(|_| line));
    });
    tokio::select! {
        line = answer => {
            let line = line
                .context("the thread that reads the answer ended")?
                .context("cannot read the answer")?;
            Ok(line.trim_end_matches(['\r', '\n']) == "yes")
        }
        () = signals.next() => {
            output::print_line("");
            Ok(false)
        }
    }
}

/// Makes the changes. Returns their outcomes, and what stopped the apply before all had started.
async fn make(
    options: Options,
    plan: &Plan,
    door: &Door,
    listener: &Arc<dyn Listener>,
) -> (Vec<Record>, Option<Halt>) {
    let (stop, late, fail_fast) = (
        Shutdown::default(),
        Arc::new(OnceLock::new()),
        options.fail_fast,
    );
    let watch = tokio::spawn(signals::watch(Signals::listen(), stop.clone()));
    let clock = tokio::spawn(out_of_time(stop.clone(), door.deadline, late.clone()));
    let records = apply::run(&door.client, plan, options, &stop, listener).await;
    // Both would run on, and could print after the report.
    watch.abort();
    clock.abort();
    // The timeout also sets the flag of a signal, so it is looked at first. Refused credentials and
    // `--fail-fast` leave no flag of a stop.
    let halt = match late.get() {
        Some(late) => Some(Halt::Late(late.to_string())),
        None if stop.is_asked() => Some(Halt::Signal),
        None if door.client.is_spent() => Some(Halt::Spent),
        None if door.client.is_refused() => Some(Halt::Credentials),
        None => (fail_fast
            && records
                .iter()
                .any(|record| record.fate == Fate::NotAttempted))
        .then_some(Halt::Failure),
    };
    (records, halt)
}

/// The timeout acts as a first Ctrl-C.
async fn out_of_time(stop: Shutdown, deadline: Deadline, reached: Arc<OnceLock<TooLate>>) {
    let late = deadline.passes().await;
    // `set` cannot fail: this is the only place that sets it. The reason is set first, because the
    // report reads it once the stop is visible.
    let _ = reached.set(late);
    stop.soon();
    output::print_line(&format!("stopping: {late}; what is in flight is finished"));
}

/// Writes the report to the files, and prints it on stdout even if a file could not be written.
fn finish(
    global: &Global,
    args: &ApplyArgs,
    logbook: &Logbook,
    report: &Report<'_>,
    stamp: PlanStamp,
    views: Vec<View>,
) -> anyhow::Result<Exit> {
    // Its error comes last: the report on stdout must not be lost because a file failed.
    let written = logbook.end(report, stamp, views.clone());
    match args.format {
        Format::Text => {
            let text = output::fitted(render::report::text(report, output::stdout_color(global)));
            // Only a plan that was printed above needs a blank line below it.
            let gap = if report.plan.chart.files.is_empty() {
                ""
            } else {
                "\n"
            };
            output::document(&format!("{gap}{text}"))?;
        }
        Format::Json => output::json(&report.document(views))?,
    }
    written?;
    Ok(if report.outcome() == ApplyOutcome::Complete {
        Exit::Done
    } else {
        Exit::Failed
    })
}
