//! The appliances as an extension of a run: their topics beside the user's, requests to them, records of their answers.

use std::borrow::Cow;

use super::appliances::Appliances;
use super::device::{Device, masked_topic};
use crate::event::{Event, Moment, Qos};
use crate::session::extension::{Extension, ExtensionInput, ExtensionOutput, Opaque, Request};
use crate::session::settings::Filter;

/// The service's device list as the run carries it from the sign-in to the appliances.
pub fn device_list(devices: Vec<Device>) -> Opaque {
    Opaque::new(devices)
}

fn devices(list: Option<&Opaque>) -> &[Device] {
    list.and_then(Opaque::get::<Vec<Device>>).map_or(&[], Vec::as_slice)
}

impl Extension for Appliances {
    fn filters(&self) -> Vec<Filter> {
        self.devices().map(|device| Filter { topic: device.filter(), qos: Qos::AtLeastOnce }).collect()
    }

    fn topic_prefixes(&self) -> Vec<String> {
        self.devices().map(Device::topics_begin).collect()
    }

    fn redact_topic<'a>(&self, topic: &'a str) -> Cow<'a, str> {
        masked_topic(topic)
    }

    fn deadline(&self) -> Option<Moment> {
        self.next_deadline()
    }

    fn handle(&mut self, now: Moment, input: ExtensionInput<'_>) {
        match input {
            ExtensionInput::Learned(list) => self.learned(devices(Some(list)).to_vec()),
            ExtensionInput::Granted(filter) => self.granted(filter),
            ExtensionInput::Ready => self.ready(now),
            ExtensionInput::Written => self.written(now),
            ExtensionInput::Heard => self.heard(now),
            ExtensionInput::Message(message) => self.message(now, &message.topic, &message.payload),
            ExtensionInput::RequestLost => self.forget_requests(),
            ExtensionInput::ServiceAnswered(list) => self.listed(now, devices(list)),
            ExtensionInput::Down => self.down(),
            ExtensionInput::Timeout => self.tick(now),
        }
    }

    fn next_request(&mut self, now: Moment) -> Option<Request> {
        self.due_request(now)
    }

    fn poll(&mut self, now: Moment) -> Option<ExtensionOutput> {
        if self.takes_list(now) {
            return Some(ExtensionOutput::AskService);
        }
        self.next_record().map(|probe| ExtensionOutput::Observation(Event::Device(probe)))
    }
}
