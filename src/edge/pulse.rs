//! What one connection is doing, as its deadlines see it. Whoever reads, writes and answers on it says so here; the
//! watch of the connection looks when the next deadline falls due. It knows nothing of sockets and protocols.

use super::limits::Limits;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long the watch sleeps at most while something is being answered. Deadlines of answers are set without waking it;
/// only where it sleeps longer, as on an idle connection, a request does.
const TICK: Duration = Duration::from_secs(2);

/// How long after an answer room is kept for the next request: a page asks for its parts sooner than this, and whoever
/// reads it asks for the next one later.
const REST: Duration = Duration::from_millis(100);

/// Why a connection must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Not at all: it rests between requests, and needs no room for any until there is one.
    Resting,
    /// The head of a request did not come in time.
    Head,
    /// Nothing was asked for a while.
    Idle,
    /// What was sent was not taken in time.
    Stalled,
    /// Somebody else needs the place.
    Displaced,
}

/// The state of one connection.
pub struct Pulse {
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    /// Answers under way, each with the moment by which the client must have taken what it was given.
    answers: Vec<(u64, Option<Instant>)>,
    next: u64,
    served: u64,
    idle_since: Instant,
    head_since: Option<Instant>,
    /// Whether all that came was whole requests.
    between: bool,
    /// Since when the socket takes nothing, and how far behind the slowest allowed pace the client was before that.
    blocked_since: Option<Instant>,
    behind: Duration,
    displaced: bool,
    /// Whether all that was answered is on its way.
    clean: bool,
    /// Whether it goes on as something else than HTTP.
    switched: bool,
    /// Until when the watch sleeps.
    asleep_until: Instant,
}

impl Pulse {
    /// Of a connection that begins now.
    pub fn new() -> Self {
        let state = State {
            answers: Vec::new(),
            next: 0,
            served: 0,
            idle_since: Instant::now(),
            head_since: None,
            between: true,
            blocked_since: None,
            behind: Duration::ZERO,
            displaced: false,
            clean: true,
            switched: false,
            asleep_until: Instant::now(),
        };
        Self { state: Mutex::new(state), wake: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The connection can be used from now on.
    pub fn ready(&self) {
        self.state().idle_since = Instant::now();
    }

    /// A request begins; the number names it from here on.
    pub fn begin(&self) -> u64 {
        let mut state = self.state();
        state.next += 1;
        state.served += 1;
        state.clean = false;
        let number = state.next;
        state.answers.push((number, None));
        let now = Instant::now();
        if state.asleep_until > now + TICK {
            state.asleep_until = now;
            self.wake.notify_one();
        }
        number
    }

    /// The client must have taken what it was given by then; none while it is the shop that is waited for.
    pub fn expect(&self, number: u64, by: Option<Instant>) {
        let mut state = self.state();
        if let Some(answer) = state.answers.iter_mut().find(|(known, _)| *known == number) {
            answer.1 = by;
        }
    }

    /// A request has been answered, or given up.
    pub fn end(&self, number: u64) {
        let mut state = self.state();
        state.answers.retain(|(known, _)| *known != number);
        if state.answers.is_empty() {
            state.idle_since = Instant::now();
        }
    }

    /// Whether part of a head has come and the rest has not, and whether all that came was whole requests.
    pub fn came(&self, partial: bool, between: bool) {
        let mut state = self.state();
        state.between = between;
        if partial && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
            // The watch may be asleep until a later deadline.
            self.wake.notify_one();
        } else if !partial {
            state.head_since = None;
        }
    }

    /// The socket takes nothing at the moment.
    pub fn blocked(&self) {
        self.state().blocked_since.get_or_insert_with(Instant::now);
    }

    /// The socket has taken bytes.
    pub fn wrote(&self, bytes: usize, limits: &Limits) {
        let mut state = self.state();
        if let Some(since) = state.blocked_since.take() {
            state.behind = (state.behind + since.elapsed()).saturating_sub(limits.time_for(bytes));
        }
    }

    /// Everything written has been passed to the socket.
    pub fn flushed(&self) {
        let mut state = self.state();
        state.clean |= state.answers.is_empty() && !state.switched;
    }

    /// It goes on as something else than HTTP.
    pub fn switch(&self) {
        self.state().switched = true;
    }

    /// Whether no answer is under way, not even the end of one.
    pub fn is_clean(&self) -> bool {
        self.state().clean
    }

    /// Tells the connection to make room.
    pub fn displace(&self) {
        self.state().displaced = true;
        self.wake.notify_one();
    }

    /// How little it would be missed: whether it has ever asked for anything, and since when it has been idle. None while
    /// it is being answered.
    pub fn idleness(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        (state.answers.is_empty() && !state.displaced).then_some((state.served > 0, state.idle_since))
    }

    /// Waits until the connection must end, or, if it can, until it rests.
    pub async fn watch(&self, limits: &Limits, can_rest: bool) -> Over {
        loop {
            let wake_at = match self.due(limits, can_rest) {
                (at, over) if at <= Instant::now() => return over,
                (at, _) => at,
            };
            self.state().asleep_until = wake_at;
            tokio::select! {
                () = tokio::time::sleep_until(wake_at) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// The next moment to look, and what is over if nothing happens until then.
    fn due(&self, limits: &Limits, can_rest: bool) -> (Instant, Over) {
        let now = Instant::now();
        let state = self.state();
        if state.displaced && state.answers.is_empty() {
            return (now, Over::Displaced);
        }
        let blocked = state.blocked_since.map(|since| since + limits.stall.saturating_sub(state.behind));
        let taken = state.answers.iter().filter_map(|(_, by)| *by).chain(blocked).min();
        if !state.answers.is_empty() {
            return match taken {
                Some(by) if by <= now => (by, Over::Stalled),
                _ => (now + TICK, Over::Stalled),
            };
        }
        let idle = match state.head_since {
            // What came while an answer was under way was not waited for until then.
            Some(since) => (since.max(state.idle_since) + limits.header, Over::Head),
            None if state.served == 0 => (state.idle_since + limits.header, Over::Idle),
            None => (state.idle_since + limits.idle, Over::Idle),
        };
        let due = match blocked {
            Some(by) if by < idle.0 => (by, Over::Stalled),
            _ => idle,
        };
        let rests_at = state.idle_since + REST;
        // Deadlines come first: whatever is over is not to begin anew.
        if can_rest && due.0 > now && rests_at < due.0 {
            // What is not sent yet, or came and was not whole, is looked at again a little later.
            let rests = state.served > 0 && state.clean && state.between && blocked.is_none();
            return if rests { (rests_at, Over::Resting) } else { ((now + REST).min(due.0), due.1) };
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::from(&crate::config::EdgeSettings::default())
    }

    fn ago(seconds: u64) -> Instant {
        Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap()
    }

    /// In how many seconds the watch looks next, and what is over then if nothing happens.
    fn next(pulse: &Pulse) -> (u64, Over) {
        let (at, over) = pulse.due(&limits(), false);
        let left = at.saturating_duration_since(Instant::now());
        ((left.as_millis() + 500) as u64 / 1_000, over)
    }

    #[test]
    fn connection_that_asks_for_nothing_ends_sooner_than_one_that_has_asked() {
        let pulse = Pulse::new();
        assert_eq!(next(&pulse), (10, Over::Idle));
        pulse.state().idle_since = ago(7);
        assert_eq!(next(&pulse), (3, Over::Idle));
        pulse.end(pulse.begin());
        assert_eq!(next(&pulse), (30, Over::Idle));
    }

    #[test]
    fn head_that_drips_ends_by_the_clock_that_began_with_its_first_byte() {
        let pulse = Pulse::new();
        pulse.end(pulse.begin());
        pulse.came(true, false);
        let mut state = pulse.state();
        (state.head_since, state.idle_since) = (Some(ago(8)), ago(20));
        drop(state);
        pulse.came(true, false);
        assert_eq!(next(&pulse), (2, Over::Head));
        // What came while an answer was under way has its time from the end of that.
        pulse.state().idle_since = ago(3);
        assert_eq!(next(&pulse), (7, Over::Head));
        pulse.came(false, true);
        assert_eq!(next(&pulse), (27, Over::Idle));
    }

    #[test]
    fn answer_that_is_worked_on_has_all_the_time_and_one_that_is_not_taken_has_not() {
        let pulse = Pulse::new();
        let number = pulse.begin();
        pulse.state().idle_since = ago(50);
        assert_eq!(next(&pulse).0, TICK.as_secs(), "the shop may take its time");
        pulse.expect(number, Some(Instant::now() + Duration::from_secs(60)));
        assert_eq!(next(&pulse).0, TICK.as_secs());
        pulse.expect(number, Some(ago(1)));
        assert_eq!(next(&pulse), (0, Over::Stalled));
        pulse.expect(number, None);
        assert_eq!(next(&pulse).0, TICK.as_secs());
    }

    #[test]
    fn request_wakes_a_watch_that_would_sleep_through_its_deadline_and_no_other() {
        let pulse = Pulse::new();
        let is_woken = || {
            let mut notified = std::pin::pin!(pulse.wake.notified());
            notified.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
        };
        pulse.state().asleep_until = Instant::now() + TICK;
        pulse.end(pulse.begin());
        assert!(!is_woken());
        pulse.state().asleep_until = Instant::now() + Duration::from_secs(30);
        pulse.begin();
        assert!(is_woken());
        pulse.begin();
        assert!(!is_woken(), "once is enough");
    }

    #[test]
    fn pace_of_a_slow_reader_counts_and_not_its_single_pauses() {
        let (pulse, limits) = (Pulse::new(), limits());
        pulse.begin();
        let pause = |seconds| {
            pulse.blocked();
            pulse.state().blocked_since = Some(ago(seconds));
        };
        // Ten seconds for what ten seconds are allowed for, again and again.
        for _ in 0..20 {
            pause(10);
            pulse.wrote(5_100, &limits);
        }
        assert_eq!(pulse.state().behind, Duration::ZERO);
        // One byte in ten seconds is no pace.
        pause(10);
        pulse.wrote(1, &limits);
        pause(4);
        assert_eq!(next(&pulse).0, TICK.as_secs());
        pause(6);
        assert_eq!(next(&pulse), (0, Over::Stalled));
    }

    #[test]
    fn connection_rests_once_all_is_sent_and_nothing_is_half_there() {
        let rests = |pulse: &Pulse| {
            let (at, over) = pulse.due(&limits(), true);
            over == Over::Resting && at <= Instant::now()
        };
        let pulse = Pulse::new();
        pulse.state().idle_since = ago(2);
        assert!(!rests(&pulse), "who never asked keeps no room in the first place");
        let number = pulse.begin();
        assert!(!rests(&pulse));
        pulse.end(number);
        assert!(!rests(&pulse), "the answer may not be sent yet");
        pulse.flushed();
        pulse.state().idle_since = Instant::now() + Duration::from_secs(1);
        assert!(!rests(&pulse), "the next request may follow at once");
        pulse.state().idle_since = ago(2);
        assert!(rests(&pulse));
        pulse.came(true, false);
        assert!(!rests(&pulse));
        pulse.came(false, false);
        assert!(!rests(&pulse), "a body is on its way");
        pulse.came(false, true);
        assert!(rests(&pulse));
        pulse.state().idle_since = ago(31);
        assert_eq!(pulse.due(&limits(), true).1, Over::Idle);
    }

    #[test]
    fn displaced_connection_ends_at_once_but_not_before_its_answer() {
        let pulse = Pulse::new();
        let number = pulse.begin();
        pulse.displace();
        assert_ne!(next(&pulse).1, Over::Displaced);
        pulse.end(number);
        assert_eq!(next(&pulse), (0, Over::Displaced));
    }
}
