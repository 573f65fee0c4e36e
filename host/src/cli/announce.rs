//! Alerts as they leave a replay: each once, in the order in which they fired, or live as they come.

use super::input;
use super::out;
use super::summary::{self, Replayed};
use super::windows::{Standing, WindowStage};
use anyhow::{Context, Result};
use clap::ValueEnum;
use oxpecker::alert::{Alert, Record, State};
use oxpecker::pipeline::Sorter;
use oxpecker::render::{alerts, ecs, ocsf};
use oxpecker::sandbox::{Kept, MatchRecords};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

/// How alerts are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people
    Table,
    /// One alert record a line
    Ndjson,
    /// One OCSF Detection Finding (class 2004) a line
    Ocsf,
    /// One alert in the Elastic Common Schema a line
    Ecs,
}

/// Alerts that have fired and cannot be printed yet: part of what a run leaves to the next.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// How many alerts have fired so far.
    fired: u64,
    /// Alerts whose windows are open: their place in the order of firing and their latest record.
    open: BTreeMap<String, (u64, String)>,
    /// Alerts whose counts are final, behind one whose are not.
    waiting: Vec<(u64, String)>,
}

impl Pending {
    /// Whether no alert waits for anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many alerts wait.
    pub(crate) fn len(&self) -> usize {
        self.open.len() + self.waiting.len()
    }

    /// Whether this can be what a run has left: each alert is a record on one line and has its place.
    pub(crate) fn is_sound(&self) -> bool {
        // No run fires that many.
        const MOST: u64 = 1 << 53;
        let sound = |place: &u64, line: &str, id: Option<&String>| {
            (1..=self.fired).contains(place)
                && !line.contains('\n')
                && Alert::from_line(line).is_ok_and(|alert| id.is_none_or(|id| *id == alert.alert_id))
        };
        self.fired <= MOST
            && self.open.iter().all(|(id, (place, line))| sound(place, line, Some(id)))
            && self.waiting.iter().all(|(place, line)| sound(place, line, None))
    }
}

/// Why what was detected cannot be had again.
pub(crate) const UNREADABLE: &str = "cannot read a temporary file";

/// Bytes of an alert's place in the order of firing: sixteen digits and a blank.
const PLACE: usize = 17;

/// Takes alerts and prints them.
pub(crate) struct Announcer {
    form: Form,
    /// Print at once what fires, and in NDJSON what becomes of it.
    live: bool,
    fired: u64,
    open: BTreeMap<String, (u64, String)>,
    /// Final records behind their place in the order of firing, so that sorting them gives that order.
    done: Sorter,
    printed: u64,
    out: Box<dyn Write>,
    interrupted: fn() -> bool,
}

impl Announcer {
    pub(crate) fn new(form: Form, live: bool, pending: Pending) -> Result<Self> {
        let mut announcer = Self {
            form,
            live,
            fired: pending.fired,
            open: pending.open,
            done: Sorter::default(),
            printed: 0,
            out: Box::new(out::stdout()),
            interrupted: input::interrupted,
        };
        for (place, line) in pending.waiting {
            announcer.keep(place, &line)?;
        }
        Ok(announcer)
    }

    /// Prints there instead of to standard output.
    pub(crate) fn writing_to(self, out: Box<dyn Write>) -> Self {
        Self { out: Box::new(BufWriter::with_capacity(64 << 10, out)), ..self }
    }

    /// Puts detections into windows and takes what these give: what they gave before counts no more where they say so.
    pub(crate) fn window(
        &mut self,
        windows: &mut WindowStage,
        detections: &[u8],
        replayed: &mut Replayed,
    ) -> Result<()> {
        if windows.take(detections, &mut |kept| self.take(&kept, replayed))? == Standing::Void {
            self.forget();
            replayed.forget_windows();
        }
        Ok(())
    }

    /// The same with all that was detected in a batch, also where that is nothing: windows may have given something meanwhile.
    pub(crate) fn window_all(
        &mut self,
        windows: &mut WindowStage,
        detections: &mut MatchRecords,
        replayed: &mut Replayed,
    ) -> Result<()> {
        let mut pieces = detections.pieces().context(UNREADABLE)?;
        let mut lines = pieces.next().context(UNREADABLE)?.unwrap_or_default();
        loop {
            self.window(windows, lines, replayed)?;
            match pieces.next().context(UNREADABLE)? {
                Some(next) => lines = next,
                None => return Ok(()),
            }
        }
    }

    /// Forgets all alerts that were taken: nothing of them was printed, and they come again. Not for alerts that are printed
    /// as they come, or that an earlier run has left.
    fn forget(&mut self) {
        self.fired = 0;
        self.open.clear();
        self.done = Sorter::default();
    }

    /// Takes what the windows gave.
    pub(crate) fn take(&mut self, kept: &Kept, replayed: &mut Replayed) -> Result<()> {
        replayed.windows_lost += kept.windows_lost;
        replayed.records_dropped += kept.records_dropped;
        replayed.windows_replaced += kept.replaced;
        let (mut before, mut after) =
            (kept.alerts.iter().take(kept.before_loss), kept.alerts.iter().skip(kept.before_loss));
        before.try_for_each(|alert| self.take_one(&alert, replayed))?;
        if kept.windows_lost > 0 {
            // No window will close them any more.
            self.settle(|_| false)?;
        }
        after.try_for_each(|alert| self.take_one(&alert, replayed))
    }

    fn take_one(&mut self, alert: &Record<'_>, replayed: &mut Replayed) -> Result<()> {
        if alert.state == State::Fired {
            replayed.count(alert);
        }
        if self.live { self.print_live(alert) } else { self.hold(alert) }
    }

    /// Takes the latest record of open alerts as their final one, but for those that `goes_on` keeps.
    pub(crate) fn settle(&mut self, goes_on: impl Fn(&Alert) -> bool) -> Result<()> {
        for (id, (place, line)) in std::mem::take(&mut self.open) {
            if Alert::from_line(&line).is_ok_and(|alert| goes_on(&alert)) {
                self.open.insert(id, (place, line));
            } else {
                self.keep(place, &line)?;
            }
        }
        Ok(())
    }

    fn print_live(&mut self, alert: &Record<'_>) -> Result<()> {
        if self.form != Form::Table || alert.state == State::Fired {
            self.print(alert.line.as_bytes())?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn hold(&mut self, alert: &Record<'_>) -> Result<()> {
        if alert.state == State::Fired {
            self.fired += 1;
            self.open.insert(alert.alert_id.to_owned(), (self.fired, alert.line.to_owned()));
        } else if alert.state == State::Updated {
            if let Some((_, line)) = self.open.get_mut(alert.alert_id) {
                alert.line.clone_into(line);
            }
        } else if let Some((place, _)) = self.open.remove(alert.alert_id) {
            self.keep(place, alert.line)?;
        }
        Ok(())
    }

    fn keep(&mut self, place: u64, line: &str) -> Result<()> {
        self.done
            .push_parts([format!("{place:016x} ").as_bytes(), line.as_bytes()])
            .context("cannot write a temporary file")
    }

    /// Prints what has fired, in order. With `leave_open`, alerts that are open, and those behind them, are left for the
    /// next run and given back; without it their latest record stands for them. Nothing is given back where Ctrl-C ends the
    /// printing, as it does unless it has ended something before.
    pub(crate) fn finish(mut self, leave_open: bool) -> Result<Option<Pending>> {
        let listens = !(self.interrupted)();
        let mut pending = Pending { fired: self.fired, ..Pending::default() };
        let open = std::mem::take(&mut self.open);
        if leave_open {
            pending.open = open;
        } else {
            for (place, line) in open.into_values() {
                self.keep(place, &line)?;
            }
        }
        let first_open = pending.open.values().map(|(place, _)| *place).min().unwrap_or(u64::MAX);
        let mut sorted = std::mem::take(&mut self.done).sorted().context("cannot read a temporary file")?;
        let mut record = Vec::new();
        while sorted.append_next(&mut record).context("cannot read a temporary file")? {
            if listens && (self.interrupted)() {
                self.out.flush()?;
                let left = summary::count(self.fired.saturating_sub(self.printed), "alert");
                out::say(&format!("note: interrupted: {left} that fired not printed"));
                return Ok(None);
            }
            let Some((place, line)) = record.split_at_checked(PLACE) else { continue };
            let place = str::from_utf8(place).ok().and_then(|place| u64::from_str_radix(place.trim_end(), 16).ok());
            let place = place.unwrap_or(u64::MAX);
            if place < first_open {
                self.print(line)?;
            } else {
                pending.waiting.push((place, String::from_utf8_lossy(line).into_owned()));
            }
            record.clear();
        }
        self.out.flush()?;
        Ok(Some(pending))
    }

    fn print(&mut self, line: &[u8]) -> Result<()> {
        let out = &mut self.out;
        match self.form {
            Form::Ndjson => print_json(out, line)?,
            Form::Ocsf => {
                let alert = alert(line)?;
                // Without --live an alert is told once, with its final counts.
                let first = !self.live || alert.state == State::Fired;
                print_json(out, ocsf::line(&alert, first)?.as_bytes())?;
            }
            Form::Ecs => print_json(out, ecs::line(&alert(line)?)?.as_bytes())?,
            Form::Table => {
                let colour = out::colour_on_stdout();
                if self.printed == 0 {
                    writeln!(out, "{}", alerts::header(colour))?;
                }
                writeln!(out, "{}", alerts::row(&alert(line)?, colour))?;
            }
        }
        self.printed += 1;
        Ok(())
    }
}

/// A record that was checked when it came.
fn alert(line: &[u8]) -> Result<Alert> {
    Ok(Alert::from_line(str::from_utf8(line)?)?)
}

fn print_json(out: &mut impl Write, line: &[u8]) -> std::io::Result<()> {
    out.write_all(&out::json(line))?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::super::filling::double::{Call, Double, until};
    use super::*;
    use oxpecker::alert::Alerts;
    use oxpecker::pipeline::KeepWindows;
    use std::sync::{Arc, Mutex};

    fn line(id: &str, state: &str) -> String {
        format!(
            r#"{{"alert_id":"{id}","rule_id":"r","rule":"R","severity":1,"title":"t","count":1,"threshold":1,"rule_version":"v","state":"{state}"}}"#
        )
    }

    fn pending(text: &str) -> Option<Pending> {
        serde_json::from_str(text).ok().filter(Pending::is_sound)
    }

    #[test]
    fn alerts_before_a_loss_hold_nothing_back() {
        let text = [line("a", "fired"), line("b", "fired"), line("b", "final")].join("\n");
        let alerts = Alerts::new(text.as_bytes()).unwrap();
        let left = |windows_lost: u64, before_loss: usize| {
            let kept = Kept { alerts: alerts.clone(), windows_lost, before_loss, ..Kept::default() };
            let out = Box::new(std::io::sink());
            let mut announcer = Announcer::new(Form::Ndjson, false, Pending::default()).unwrap().writing_to(out);
            let mut replayed = Replayed::default();
            announcer.take(&kept, &mut replayed).unwrap();
            assert_eq!(replayed.alerts.iter().sum::<u64>(), 2);
            let pending = announcer.finish(true).unwrap().unwrap();
            (pending.open.len(), pending.waiting.len())
        };
        assert_eq!(left(1, 1), (0, 0));
        assert_eq!(left(1, 0), (1, 1), "the window of the first is open");
        assert_eq!(left(1, 3), (0, 0));
        assert_eq!(left(0, 0), (1, 1));
    }

    #[test]
    fn what_no_run_can_have_left_is_refused() {
        let text = |fired: u64, id: &str, place: u64, open: &str, waiting: &str| {
            let all = serde_json::json!({"fired": fired, "open": {id: [place, open]}, "waiting": [[2, waiting]]});
            all.to_string()
        };
        let (open, waiting) = (line("a", "fired"), line("b", "final"));
        assert!(pending(&text(2, "a", 1, &open, &waiting)).is_some());
        let broken = open.replacen(',', ",\n", 1);
        for bad in [
            text(2, "a", 1, "garbage\n}{ more", &waiting),
            text(2, "a", 1, &broken, &waiting),
            text(2, "a", 1, &open, &broken),
            text(2, "a", 1, &open, "{}"),
            text(2, "b", 1, &open, &waiting),
            text(2, "a", 0, &open, &waiting),
            text(2, "a", 3, &open, &waiting),
            text(1, "a", 1, &open, &waiting),
            text(u64::MAX, "a", 1, &open, &waiting),
        ] {
            assert!(pending(&bad).is_none(), "{bad}");
        }
    }

    /// Windows that say something else where a detection more comes before the others, and note how often they began anew.
    fn windows(begun_anew: &Arc<Mutex<usize>>) -> Box<dyn KeepWindows> {
        let begun_anew = Arc::clone(begun_anew);
        let mut calls = 0;
        Box::new(Double(move |call: Call<'_>| {
            let records = match call {
                Call::Window(records) => str::from_utf8(records).unwrap(),
                Call::Flush => return Ok(Kept::default()),
                Call::ForgetAll => {
                    calls = 0;
                    *begun_anew.lock().unwrap() += 1;
                    return Ok(Kept::default());
                }
            };
            calls += 1;
            let first = records.lines().next().unwrap_or_default().trim_end();
            let (open, closed) = (format!("open {first}"), format!("closed {first}"));
            let alerts = [line(&open, "fired"), line(&closed, "fired"), line(&closed, "final")].join("\n");
            let alerts = Alerts::new(alerts.as_bytes()).unwrap();
            Ok(Kept { alerts, windows_lost: u64::from(calls == 1), before_loss: 0, records_dropped: 1, replaced: 1 })
        }))
    }

    /// Where printed alerts go.
    #[derive(Clone, Default)]
    struct Printed(Arc<Mutex<Vec<u8>>>);

    impl Write for Printed {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// So many come in order.
    const DETECTIONS: usize = 5_000;

    /// What is printed and counted, and how often windows began anew, where one detection that belongs before all others comes
    /// after so many of them. Windows that go ahead have given alerts by then.
    fn announced(goes_ahead: bool, late_after: Option<usize>) -> (String, Replayed, usize) {
        let (begun_anew, printed) = (Arc::default(), Printed::default());
        let mut stage = WindowStage::new(windows(&begun_anew), false, 0);
        if goes_ahead {
            stage = stage.goes_ahead();
            stage.know_inputs(1, 1);
        }
        let mut announcer = Announcer::new(Form::Ndjson, false, Pending::default()).unwrap();
        announcer = announcer.writing_to(Box::new(printed.clone()));
        let mut replayed = Replayed::default();
        for number in 1..=DETECTIONS {
            let detection = format!("{number:05}{}\n", " ".repeat(1_000));
            announcer.window(&mut stage, detection.as_bytes(), &mut replayed).unwrap();
            if late_after != Some(number) {
                continue;
            }
            if goes_ahead {
                until("an alert of windows that go ahead", || {
                    announcer.window(&mut stage, b"", &mut replayed).unwrap();
                    announcer.fired > 1
                });
            }
            announcer.window(&mut stage, b"00000\n", &mut replayed).unwrap();
        }
        stage.finish(true, &mut |kept| announcer.take(&kept, &mut replayed)).unwrap();
        let fired = announcer.fired;
        assert!(announcer.finish(false).unwrap().unwrap().is_empty());
        assert_eq!(replayed.alerts.iter().sum::<u64>(), fired);
        let printed = String::from_utf8(printed.0.lock().unwrap().clone()).unwrap();
        let begun_anew = *begun_anew.lock().unwrap();
        (printed, replayed, begun_anew)
    }

    #[test]
    fn a_late_detection_leaves_nothing_of_alerts_that_do_not_count() {
        for late_after in [None, Some(DETECTIONS * 3 / 4), Some(DETECTIONS)] {
            let (expected, counted, _) = announced(false, late_after);
            assert!(expected.lines().count() > 100);
            let (printed, replayed, begun_anew) = announced(true, late_after);
            assert_eq!(begun_anew, usize::from(late_after.is_some()));
            assert!(printed == expected, "{late_after:?}:\n{printed}\ninstead of\n{expected}");
            assert_eq!(format!("{replayed:?}"), format!("{counted:?}"), "{late_after:?}");
        }
    }
}
