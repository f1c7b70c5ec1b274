//! Netlink sockets, frames and attributes. What a message says is decoded elsewhere.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use netlink_packet_core::{
    Emitable, ErrorBuffer, NLA_HEADER_SIZE, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE,
    NLMSG_ERROR, NetlinkBuffer, NetlinkHeader, NlasIterator,
};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, setsockopt,
    socket, sockopt,
};
use nix::sys::time::TimeVal;

/// Room for one datagram, in bytes. The kernel fills at most 32 KiB when it answers a dump (`netlink_dump`,
/// `net/netlink/af_netlink.c`); what does not fit would be lost.
pub(super) const DATAGRAM_BYTES: usize = 64 * 1024;

/// How long a request waits for the kernel, which answers before `send` returns. More would only hold up the
/// thread for longer should an answer be lost.
const ANSWER_TIMEOUT_SECONDS: i64 = 1;

/// How many times a dump is requested if the kernel says that it changed while it was read.
const DUMP_ATTEMPTS: usize = 3;

/// The length of `struct nlmsghdr`, in bytes.
const HEADER_BYTES: usize = 16;

/// `NLMSG_ALIGNTO`: each message begins at a multiple of so many bytes.
const ALIGNMENT: usize = 4;

/// A non-blocking socket that receives the kernel's notices for the multicast `groups`, one bit each.
pub(super) fn listen(protocol: SockProtocol, groups: u32) -> io::Result<OwnedFd> {
    let descriptor = open(protocol, SockFlag::SOCK_NONBLOCK)?;
    bind(descriptor.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    Ok(descriptor)
}

fn open(protocol: SockProtocol, flags: SockFlag) -> io::Result<OwnedFd> {
    Ok(socket(AddressFamily::Netlink, SockType::Raw, flags | SockFlag::SOCK_CLOEXEC, protocol)?)
}

/// The next datagram; what does not fit into `buffer` is lost.
fn receive<'a>(descriptor: &OwnedFd, buffer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
    let length = loop {
        match recv(descriptor.as_raw_fd(), buffer, MsgFlags::empty()) {
            Err(Errno::EINTR) => {}
            received => break received?,
        }
    };
    Ok(buffer.get(..length).unwrap_or_default())
}

/// One message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    /// The message type, as the protocol numbers it.
    pub(super) kind: u16,
    /// Everything after the header.
    pub(super) payload: &'a [u8],
    flags: u16,
    sequence: u32,
}

/// The messages of a datagram, up to the first truncated one.
pub(super) fn messages(mut datagram: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let frame = NetlinkBuffer::new_checked(datagram).ok()?;
        let length = usize::try_from(frame.length()).ok()?.next_multiple_of(ALIGNMENT);
        datagram = datagram.get(length..).unwrap_or_default();
        Some(Message {
            kind: frame.message_type(),
            payload: frame.payload(),
            flags: frame.flags(),
            sequence: frame.sequence_number(),
        })
    })
}

/// The attributes in `bytes`, up to the first truncated one, each as its type and its value.
pub(super) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    NlasIterator::new(bytes).map_while(Result::ok).filter_map(|attribute| {
        let length = usize::from(attribute.length());
        Some((attribute.kind(), attribute.into_inner().get(NLA_HEADER_SIZE..length)?))
    })
}

/// The value of the first attribute of this type.
pub(super) fn attribute(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(bytes).find_map(|(found, value)| (found == kind).then_some(value))
}

/// A number of 32 bits at the front of `value`, in the host's byte order.
pub(super) fn number(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

/// An address of 4 or 16 bytes, in network byte order.
pub(super) fn ip(value: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(value).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from)).ok()
}

/// An attribute as a request holds it, padded to where the next one begins.
pub(super) fn attribute_bytes(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(NLA_HEADER_SIZE + value.len()).unwrap_or(u16::MAX);
    let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    bytes
}

/// Asks for one object with a request of type `kind`, and returns the type and the payload of the kernel's answer. The
/// socket is closed when the call returns.
pub(super) fn ask(protocol: SockProtocol, kind: u16, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let descriptor = open_for_answers(protocol)?;
    send(descriptor.as_raw_fd(), &frame((kind, NLM_F_REQUEST), 1, request)?, MsgFlags::empty())?;
    let mut buffer = vec![0; DATAGRAM_BYTES];
    let datagram = receive(&descriptor, &mut buffer)?;
    match messages(datagram).next() {
        Some(message) if message.kind == NLMSG_ERROR => Err(refusal(message.payload)),
        Some(message) => Ok((message.kind, message.payload.to_vec())),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn open_for_answers(protocol: SockProtocol) -> io::Result<OwnedFd> {
    let descriptor = open(protocol, SockFlag::empty())?;
    setsockopt(&descriptor, sockopt::ReceiveTimeout, &TimeVal::new(ANSWER_TIMEOUT_SECONDS, 0))?;
    Ok(descriptor)
}

/// Requests a dump of type `kind` and returns the types and payloads of the messages that the kernel answers.
/// The socket is closed when the call returns.
pub(super) fn dump(protocol: SockProtocol, kind: u16, request: &[u8]) -> io::Result<Vec<(u16, Vec<u8>)>> {
    let descriptor = open_for_answers(protocol)?;
    let mut dump = Dump::default();
    for sequence in 1..=DUMP_ATTEMPTS {
        let sequence = u32::try_from(sequence).map_err(io::Error::other)?;
        send(
            descriptor.as_raw_fd(),
            &frame((kind, NLM_F_REQUEST | NLM_F_DUMP), sequence, request)?,
            MsgFlags::empty(),
        )?;
        dump = read_dump(&descriptor, sequence)?;
        if dump.consistency == Consistency::Consistent {
            break;
        }
    }
    Ok(dump.answers)
}

fn frame((kind, flags): (u16, u16), sequence: u32, payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = NetlinkHeader::default();
    header.length = u32::try_from(HEADER_BYTES + payload.len()).map_err(io::Error::other)?;
    header.message_type = kind;
    header.flags = flags;
    header.sequence_number = sequence;
    let mut bytes = vec![0; HEADER_BYTES];
    header.emit(&mut bytes);
    bytes.extend(payload);
    Ok(bytes)
}

/// Whether the dumped objects stayed the same while they were dumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Consistency {
    #[default]
    Consistent,
    Interrupted,
}

#[derive(Debug, Default)]
struct Dump {
    answers: Vec<(u16, Vec<u8>)>,
    consistency: Consistency,
}

/// Whether more messages of a dump follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

fn read_dump(descriptor: &OwnedFd, sequence: u32) -> io::Result<Dump> {
    let mut buffer = vec![0; DATAGRAM_BYTES];
    let mut dump = Dump::default();
    loop {
        let datagram = receive(descriptor, &mut buffer)?;
        for message in messages(datagram).filter(|message| message.sequence == sequence) {
            if dump.add(message)? == Progress::Done {
                return Ok(dump);
            }
        }
    }
}

impl Dump {
    fn add(&mut self, message: Message<'_>) -> io::Result<Progress> {
        if message.flags & NLM_F_DUMP_INTR != 0 {
            self.consistency = Consistency::Interrupted;
        }
        match message.kind {
            NLMSG_DONE => return Ok(Progress::Done),
            NLMSG_ERROR => return Err(refusal(message.payload)),
            kind => self.answers.push((kind, message.payload.to_vec())),
        }
        Ok(Progress::More)
    }
}

/// The kernel's error in an `NLMSG_ERROR`.
fn refusal(payload: &[u8]) -> io::Error {
    let code = ErrorBuffer::new_checked(payload).ok().and_then(|error| error.code());
    code.map_or_else(|| io::ErrorKind::InvalidData.into(), |code| io::Error::from_raw_os_error(-code.get()))
}
