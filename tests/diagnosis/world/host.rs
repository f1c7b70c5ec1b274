//! What happens to the host itself: it sleeps, its clock is set, it gives us no turn; and the air around it.

use nwdiag::event::{Environment, EnvironmentKind, Event, rounded};

use super::World;
use super::path::Trip;

impl World {
    pub(super) fn sleep(&mut self, seconds: f64) {
        self.pass_unheard(seconds);
        if self.setup.host.linux {
            self.note_jump(EnvironmentKind::Suspend, seconds, String::new());
        }
    }

    /// Time goes on, and this process does not: what happens meanwhile is noticed afterwards.
    fn pass_unheard(&mut self, seconds: f64) {
        self.scribe.catch_up(self.now);
        self.now += seconds;
        self.scribe.hold_back(self.now + 0.002);
    }

    pub(super) fn step(&mut self, seconds: f64) {
        self.scribe.catch_up(self.now);
        let was = self.scribe.wall(self.now);
        self.scribe.clock_error += seconds;
        if seconds.abs() >= 1.0 {
            let [was, is] = [was, self.scribe.wall(self.now)].map(nwdiag::journal::timestamp);
            self.note_jump(EnvironmentKind::ClockStep, seconds, format!("from {was} to {is}"));
        }
    }

    /// Bad weather does not last.
    pub(super) fn clear_up(&mut self) {
        self.weather = self.weather.filter(|(_, weather)| weather.until > self.now);
    }

    /// One round trip.
    pub(super) fn trip(&mut self) -> Trip {
        let weather = self.weather.map(|(_, weather)| weather);
        self.setup.path.trip(weather.as_ref(), &mut self.chance)
    }

    pub(super) fn stall(&mut self, seconds: f64) {
        self.pass_unheard(seconds);
        self.lag = Some((self.now, (seconds - self.chance.between(0.0, 1.0)).max(seconds / 2.0)));
    }

    fn note_jump(&mut self, kind: EnvironmentKind, seconds: f64, detail: String) {
        let seconds = Some(rounded(seconds, 1e6));
        let told = Environment { detail, seconds, ..Environment::new(kind) };
        self.scribe.note(self.now, Event::Environment(told));
    }
}
