//! Asking the appliances behind the broker for their status: when each is due, what is out, what came of it.
//!
//! An appliance is only blamed for silence while our own connection is proven: its time begins when the broker is first
//! heard after the request, and a request that a drop cuts off comes to nothing, as nobody can tell what became of it.
//! Nothing is asked of an appliance whose topics the broker did not grant: its answer could not be heard. An answer
//! that comes later than [`ANSWER_TIMEOUT`] is an answer to nobody.

use std::collections::VecDeque;
use std::time::Duration;

use super::settings::ApplianceSettings;
use crate::event::{DeviceProbe, Moment, millis};
use crate::navien::device::{DEVICES_LIMIT, Device};
use crate::navien::status::{self, ANSWER_TIMEOUT, Addressee, Answer, Asker, Request, Status};

/// How long a record waits for the service's device list: its own time-out (navien: 30 s a request).
const LIST_TIMEOUT: Duration = Duration::from_secs(30);

/// The list is asked for once a minute at most, as the documents of the reference client advise.
const LIST_PAUSE: Duration = Duration::from_mins(1);

/// A deadline that is looked at so much later than it came found us asleep or held up: it proves nothing.
const HELD_UP: Duration = Duration::from_secs(2);

/// The appliances of the account.
#[derive(Debug)]
pub struct Appliances {
    /// `None` where they are listened to and never asked.
    settings: Option<ApplianceSettings>,
    asker: Asker,
    known: Vec<Known>,
    line: Line,
    next_due: Option<Moment>,
    list: List,
    told: VecDeque<DeviceProbe>,
}

/// Whether requests can go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Down,
    /// A session is up, and its subscriptions stand.
    Ready,
}

#[derive(Debug)]
struct Known {
    device: Device,
    /// Whether the broker granted its topics in this session.
    heard: bool,
    stage: Stage,
}

/// How far a request has come.
#[derive(Debug)]
enum Stage {
    /// None is due.
    Idle,
    /// One is to go out.
    Wanted,
    /// One is out.
    Asked(Asked),
    /// It stayed unanswered; the record waits for the service's device list.
    Unanswered,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    sent: Moment,
    /// When its last byte had left for the socket.
    written: Option<Moment>,
    /// When the broker was first heard after that.
    proven: Option<Moment>,
    /// What the appliance answered to somebody else meanwhile.
    overheard: Option<Status>,
}

/// The service's device list, as far as it was asked for afresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Never,
    /// To be asked for.
    Wanted,
    Asked(Moment),
    Known(Moment),
}

impl Appliances {
    /// Appliances of `client_id`, none of them known yet; `session_id` is what all requests of the run carry.
    pub const fn new(settings: Option<ApplianceSettings>, client_id: String, session_id: String) -> Self {
        let asker = Asker { client_id, session_id };
        Self {
            settings,
            asker,
            known: Vec::new(),
            line: Line::Down,
            next_due: None,
            list: List::Never,
            told: VecDeque::new(),
        }
    }

    /// A connection is ready, and these are the appliances of the account; none where nothing new was learned.
    pub fn learned(&mut self, devices: Vec<Device>) {
        let (taken, refused): (Vec<_>, Vec<_>) = devices.into_iter().partition(Device::is_addressable);
        if !refused.is_empty() || taken.len() > DEVICES_LIMIT {
            tracing::warn!("some appliances of the account cannot be watched");
        }
        if !taken.is_empty() {
            let known = |device| Known { device, heard: false, stage: Stage::Idle };
            self.known = taken.into_iter().take(DEVICES_LIMIT).map(known).collect();
        }
    }

    /// What to subscribe to.
    pub fn filters(&self) -> Vec<String> {
        self.known.iter().map(|known| known.device.filter()).collect()
    }

    /// What the topics begin with whose messages [`Self::message`] wants.
    pub fn topics_begin(&self) -> Vec<String> {
        self.known.iter().map(|known| known.device.topics_begin()).collect()
    }

    /// The broker granted this filter.
    pub fn granted(&mut self, filter: &str) {
        self.known.iter_mut().filter(|known| known.device.filter() == filter).for_each(|known| {
            known.heard = true;
        });
    }

    /// The subscriptions stand: requests may go out.
    pub const fn ready(&mut self) {
        self.line = Line::Ready;
    }

    /// The connection ended: whatever was under way comes to nothing.
    pub fn down(&mut self) {
        self.line = Line::Down;
        self.known.iter_mut().for_each(|known| known.heard = false);
        self.let_go();
        if !matches!(self.list, List::Known(_)) {
            self.list = List::Never;
        }
    }

    /// A request did not go out, or the broker did not take one: nobody can tell which of those that are out will be
    /// answered.
    pub fn let_go(&mut self) {
        self.known.iter_mut().for_each(|known| known.stage = Stage::Idle);
    }

    /// When [`Self::tick`] wants to be called.
    pub fn deadline(&self) -> Option<Moment> {
        if self.line == Line::Down {
            return None;
        }
        let answers = self.known.iter().filter_map(|known| known.stage.deadline());
        let list = match self.list {
            List::Asked(at) => Some(at.plus(LIST_TIMEOUT)),
            List::Never | List::Wanted | List::Known(_) => None,
        };
        answers.chain(list).chain(self.next_due).min()
    }

    /// Time passed.
    pub fn tick(&mut self, now: Moment) {
        if self.line == Line::Down {
            return;
        }
        self.judge_silence(now);
        if let List::Asked(at) = self.list
            && now >= at.plus(LIST_TIMEOUT)
        {
            self.listed(now, None);
        }
        let Some(settings) = self.settings.filter(|_| !self.known.is_empty()) else { return };
        let due = *self.next_due.get_or_insert(now);
        if now < due {
            return;
        }
        let next = due.plus(settings.interval);
        self.next_due = Some(if next > now { next } else { now.plus(settings.interval) });
        for known in &mut self.known {
            if matches!(known.stage, Stage::Idle) && known.heard {
                known.stage = Stage::Wanted;
            }
        }
    }

    /// The next request to send at QoS 1; to be called only where it can be sent, and [`Self::let_go`] where it was not.
    pub fn take(&mut self, now: Moment) -> Option<Request> {
        let wanted = |known: &&mut Known| matches!(known.stage, Stage::Wanted) && known.heard;
        let known = self.known.iter_mut().find(wanted)?;
        known.stage = Stage::Asked(Asked { sent: now, written: None, proven: None, overheard: None });
        Some(Request::new(&known.device, &self.asker))
    }

    /// All that was to be sent has left for the socket.
    pub fn written(&mut self, now: Moment) {
        self.asked().for_each(|asked| {
            asked.written.get_or_insert(now);
        });
    }

    /// The broker was heard.
    pub fn heard(&mut self, now: Moment) {
        self.asked().filter(|asked| asked.written.is_some()).for_each(|asked| {
            asked.proven.get_or_insert(now);
        });
    }

    /// A message arrived under the topics of an appliance.
    pub fn message(&mut self, now: Moment, topic: &str, payload: &[u8]) {
        for known in &mut self.known {
            let Stage::Asked(asked) = &mut known.stage else { continue };
            match status::read(&known.device, &self.asker, topic, payload) {
                Some(Answer { to: Addressee::Us, status }) => {
                    let trip = now.since(asked.written.unwrap_or(asked.sent));
                    self.told.push_back(known.answered(status, Some(millis(trip))));
                }
                Some(Answer { to: Addressee::Another, status }) => asked.overheard = Some(status),
                None => {}
            }
        }
    }

    /// Whether the service is to be asked for its device list now; true once for each wish.
    pub fn take_list_wish(&mut self, now: Moment) -> bool {
        let is_wanted = self.list == List::Wanted;
        if is_wanted {
            self.list = List::Asked(now);
        }
        is_wanted
    }

    /// The service's device list as of now; `None` where it could not be had. Only what it says of the appliances that
    /// are known already counts: others are learned with the next connection.
    pub fn listed(&mut self, now: Moment, devices: Option<Vec<Device>>) {
        let devices = devices.unwrap_or_default();
        self.list = List::Known(now);
        for known in &mut self.known {
            let listed = devices.iter().find(|device| device.mac == known.device.mac);
            known.device.cloud_connected = listed.and_then(|device| device.cloud_connected);
        }
        self.tell_unanswered();
    }

    /// The next record.
    pub fn poll(&mut self) -> Option<DeviceProbe> {
        self.told.pop_front()
    }

    fn asked(&mut self) -> impl Iterator<Item = &mut Asked> {
        self.known.iter_mut().filter_map(|known| match &mut known.stage {
            Stage::Asked(asked) => Some(asked),
            Stage::Idle | Stage::Wanted | Stage::Unanswered => None,
        })
    }

    /// Gives up the requests whose time is over, and wants the list for their records.
    fn judge_silence(&mut self, now: Moment) {
        for known in &mut self.known {
            let Stage::Asked(asked) = &mut known.stage else { continue };
            let Some(deadline) = asked.deadline().filter(|deadline| now >= *deadline) else { continue };
            if now.since(deadline) >= HELD_UP {
                asked.proven = Some(now);
            } else if let Some(status) = asked.overheard {
                self.told.push_back(known.answered(status, None));
            } else {
                known.stage = Stage::Unanswered;
            }
        }
        if !self.known.iter().any(|known| matches!(known.stage, Stage::Unanswered)) {
            return;
        }
        match self.list {
            List::Known(at) if now.since(at) < LIST_PAUSE => self.tell_unanswered(),
            List::Known(_) | List::Never => self.list = List::Wanted,
            List::Wanted | List::Asked(_) => {}
        }
    }

    fn tell_unanswered(&mut self) {
        let unanswered = self.known.iter_mut().filter(|known| matches!(known.stage, Stage::Unanswered));
        self.told.extend(unanswered.map(|known| {
            known.stage = Stage::Idle;
            DeviceProbe {
                device: known.device.masked(),
                answered: Some(false),
                cloud_connected: known.device.cloud_connected,
                ..DeviceProbe::default()
            }
        }));
    }
}

impl Known {
    /// The record of its answer. A list that calls it gone is older than the answer, and says nothing any more.
    fn answered(&mut self, status: Status, rtt_ms: Option<f64>) -> DeviceProbe {
        self.stage = Stage::Idle;
        self.device.cloud_connected = self.device.cloud_connected.filter(|connected| *connected);
        DeviceProbe {
            device: self.device.masked(),
            answered: Some(true),
            rtt_ms,
            wifi_dbm: status.wifi_dbm,
            error_code: status.error_code,
            cloud_connected: self.device.cloud_connected,
            cloud_error_code: None,
        }
    }
}

impl Stage {
    fn deadline(&self) -> Option<Moment> {
        match self {
            Self::Asked(asked) => asked.deadline(),
            Self::Idle | Self::Wanted | Self::Unanswered => None,
        }
    }
}

impl Asked {
    /// When its time is over; `None` while the broker has not been heard since.
    fn deadline(&self) -> Option<Moment> {
        self.proven.map(|proven| proven.plus(ANSWER_TIMEOUT))
    }
}
