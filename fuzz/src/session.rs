//! The state machine of one end, and of two that are joined.

use execnet_core_sync::frame::{FrameReader, Header, ReadError};
use execnet_core_sync::session::{Event, Message, NextItem, Reply, Session};
use execnet_core_sync::{InboxLimits, OverflowPolicy, Role};
use execnet_serializer::{ChannelId, LoadOptions, Token, Tokens};

use crate::model::{self, Setting, Step};

/// How many channels the peer may make.
const MOST: usize = 8;

/// What an inbox may hold.
const LIMIT: usize = 1000;

/// The most steps of a run: the model looks at every channel after each, and so takes time by the square of their number.
const STEPS: usize = 10_000;

/// Whatever two ends do, in whatever order their frames arrive: see the model. The first byte chooses the settings, each
/// four that follow are a step.
pub fn session(input: &[u8]) {
    let Some((&setting, steps)) = input.split_first() else {
        return;
    };
    let steps = steps.chunks_exact(Step::SIZE).take(STEPS);
    let steps = steps.filter_map(|step| Some(Step::of(step.try_into().ok()?)));
    model::run(Setting::of(setting), steps);
}

/// Whatever bytes a peer sends, an end takes them for what they are, however they come in pieces: its answers are frames,
/// the peer makes no more channels and fills inboxes no further than it may, and nothing stays when all is given up.
pub fn frames(input: &[u8]) {
    let Some((&setting, stream)) = input.split_first() else {
        return;
    };
    let seen = End::new(setting).read(stream, 64 * 1024);
    let pieces = usize::from(setting / 16) + 1;
    let seen_in_pieces = End::new(setting).read(Pieces(stream, pieces), Header::SIZE);
    assert_eq!(seen, seen_in_pieces, "it depends on how the bytes come");
}

/// Bytes that come so many at a time.
struct Pieces<'a>(&'a [u8], usize);

impl embedded_io::ErrorType for Pieces<'_> {
    type Error = core::convert::Infallible;
}

impl embedded_io::Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Self::Error> {
        let count = self.1.min(room.len()).min(self.0.len());
        let (taken, rest) = self.0.split_at(count);
        room[..count].copy_from_slice(taken);
        self.0 = rest;
        Ok(count)
    }
}

/// One end, as its reader drives it, and what came of it.
struct End {
    role: Role,
    session: Session<()>,
    credit: bool,
    /// Half of the ends take what comes at once, so that inboxes are both full and empty.
    takes: bool,
    handles: Vec<ChannelId>,
    seen: Vec<String>,
}

impl End {
    fn new(setting: u8) -> Self {
        let role = match setting & 1 {
            0 => Role::Initiator,
            _ => Role::Worker,
        };
        let credit = setting & 2 != 0;
        let inbox = InboxLimits::default()
            .with_channel(Some(LIMIT))
            .with_overflow(OverflowPolicy::Close);
        let mut session = Session::new(role, MOST).with_limits(inbox);
        session = session.with_credit(credit.then_some(LIMIT));
        // Two channels of its own: one with a callback, of which only that is left.
        let [held, called] = [(); 2].map(|()| session.open().expect("an id"));
        session.attach(called);
        assert_eq!(
            session.release(called).replies,
            [Reply::LastMessage(called)]
        );
        Self {
            role,
            session,
            credit,
            takes: setting & 4 != 0,
            handles: vec![held],
            seen: Vec::new(),
        }
    }

    /// What reading the stream leads to.
    fn read<R: embedded_io::Read>(mut self, stream: R, capacity: usize) -> Vec<String> {
        let mut frames = FrameReader::with_capacity(capacity, stream, 1 << 16);
        while let Some(message) = self.next_message(&mut frames) {
            let id = message.channel();
            let over = self.handle(message);
            self.check();
            if over {
                break;
            }
            if self.takes {
                self.take(id);
            }
        }
        self.finish();
        self.seen
    }

    /// As the gateway's reader reads.
    fn next_message<R: embedded_io::Read>(
        &mut self,
        frames: &mut FrameReader<R>,
    ) -> Option<Message> {
        let header = match frames.next_header() {
            Ok(header) => header?,
            Err(error) => return self.ends(&error),
        };
        if let Err(error) = Message::admit(&header, self.credit) {
            self.seen.push(error.to_string());
            return None;
        }
        let frame = match frames.payload_of(&header) {
            Ok(payload) => header.with_payload(payload),
            Err(error) => return self.ends(&error),
        };
        assert_eq!(frame.header(), header);
        let message = Message::parse(frame);
        message
            .inspect_err(|error| self.seen.push(error.to_string()))
            .ok()
    }

    fn ends<E: core::fmt::Debug>(&mut self, error: &ReadError<E>) -> Option<Message> {
        self.seen.push(error.to_string());
        None
    }

    /// True where nothing more is to be read.
    fn handle(&mut self, message: Message) -> bool {
        let what = format!("{message:?}");
        let event = match self.session.handle(message) {
            Event::Terminated => return true,
            Event::Exec(id, _) => {
                assert_eq!(self.role, Role::Worker, "an initiator runs code");
                if self.session.accept(id, 0).is_ok() {
                    self.handles.push(id);
                }
                "exec".into()
            }
            Event::Reply(reply) | Event::Refused((), reply) => {
                check_frames(&reply);
                if let Reply::Status(..) = reply {
                    assert_eq!(self.role, Role::Worker, "an initiator tells of itself");
                }
                format!("{reply:?}")
            }
            other => format!("{other:?}"),
        };
        self.seen.push(format!("{what}: {event}"));
        false
    }

    fn check(&self) {
        let (load, living) = (self.session.status(), self.session.living());
        // Its own two, and what the peer made.
        assert!(living <= 2 + MOST, "{living}");
        assert!(load.num_channels <= living, "{load:?}");
        // In each inbox its limit, and an item of the longest frame; then an error that is cut.
        assert!(self.session.waiting() <= living * (LIMIT + (1 << 16) + 64 + 512));
    }

    fn take(&mut self, id: ChannelId) {
        while let NextItem::Item(item) = self.session.take(id) {
            if item.refused.is_none() {
                assert_eq!(item.references, channels_of(&item.payload));
                let load = LoadOptions::wire().with_strings(item.strings);
                // Any verdict will do: it concerns the receiver.
                let _ = load.loads(&item.payload);
            }
            self.handles.extend(item.references);
            if let Some(reply) = self.session.grant(id) {
                check_frames(&reply);
            }
        }
    }

    /// All is taken and given up, and the callback sees the end.
    fn finish(&mut self) {
        self.session.end();
        let called = match self.role {
            Role::Initiator => ChannelId(3),
            Role::Worker => ChannelId(4),
        };
        while let Some(item) = self.session.take_item(called) {
            self.handles.extend(item.references);
        }
        assert!(self.session.has_ended(called));
        drop(self.session.detach(called));
        while let Some(id) = self.handles.pop() {
            self.take(id);
            self.session.call_done(id);
            self.session
                .release(id)
                .replies
                .iter()
                .for_each(check_frames);
        }
        let left = self.session.status();
        assert_eq!((left.num_channels, left.num_executing), (0, 0));
        assert_eq!(self.session.waiting(), 0);
    }
}

/// The frames of an answer are frames, and mean something to a peer.
fn check_frames(reply: &Reply) {
    let bytes = reply.to_bytes().expect("its parts are short");
    let mut frames = FrameReader::with_capacity(Header::SIZE, &*bytes, 1 << 16);
    let mut count = 0;
    while let Some(frame) = frames.next_frame().expect("whole frames") {
        Message::admit(&frame.header(), true).expect("a code that is known");
        Message::parse(frame).expect("a message");
        count += 1;
    }
    assert!(count > 0);
}

/// The channels that stand in front of the end of a value, or of its first fault, each once, by their number.
fn channels_of(payload: &[u8]) -> Vec<ChannelId> {
    let tokens = Tokens::new(payload).map_while(Result::ok);
    let tokens = tokens.take_while(|token| *token != Token::Stop);
    let mut channels: Vec<_> = tokens
        .filter_map(|token| match token {
            Token::Channel(id) => Some(id),
            _ => None,
        })
        .collect();
    channels.sort_unstable();
    channels.dedup();
    channels
}
