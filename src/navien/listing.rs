//! The devices of an account as the service lists them: a page at a time, until one comes short.

use super::device::{DEVICES_LIMIT, Device};
use super::request::PAGE_ENTRIES;

/// One page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Page {
    /// The devices that can be addressed.
    pub(super) devices: Vec<Device>,
    /// All entries, those without an address too.
    pub(super) entries: usize,
}

/// The list as far as it came.
#[derive(Debug, Default)]
pub(super) struct Listing {
    devices: Vec<Device>,
    entries: usize,
}

/// Whether there is more to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// The service may know more devices.
    Another,
    /// These are all, or as many as are watched.
    Nothing,
}

impl Listing {
    /// The entry that the next page begins with, from 0.
    pub(super) const fn offset(&self) -> usize {
        self.entries
    }

    /// Takes the next page; a device that is known from an earlier one is not taken again. Of more devices than are
    /// watched one is kept, which tells that there are more.
    pub(super) fn take(&mut self, page: Page) -> Rest {
        let Page { devices, entries } = page;
        self.entries += entries;
        for device in devices {
            if self.devices.len() <= DEVICES_LIMIT && self.devices.iter().all(|known| known.mac != device.mac)
            {
                self.devices.push(device);
            }
        }
        if entries < PAGE_ENTRIES || self.entries >= DEVICES_LIMIT { Rest::Nothing } else { Rest::Another }
    }

    /// All devices that came.
    pub(super) fn into_devices(self) -> Vec<Device> {
        self.devices
    }
}
