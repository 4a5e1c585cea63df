//! Many items that are sent with one call.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::io;

use execnet_core_sync::frame::MessageCode::ChannelData;
use execnet_core_sync::link::{Link, NoControl};
use execnet_core_sync::testing::{PipeWriter, scripted_halves, within};
use execnet_core_sync::{Gateway, GatewayConfig, Role, SendError};
use execnet_serializer::{LoadOptions, Value};

use crate::support::{LIMIT, exec, expect, with_gateway_of};

/// Counts the writes of a link.
struct Counted(PipeWriter, Arc<AtomicUsize>);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn send_all_writes_many_items_in_few_writes_and_in_order() {
    const ITEMS: i32 = 20_000;
    within(LIMIT, || {
        // All of them fit.
        let (reader, writer, mut peer) = scripted_halves(1 << 20);
        let writes = Arc::new(AtomicUsize::new(0));
        let counted = Counted(writer, writes.clone());
        let link = Link::from_std(reader, counted, Arc::new(NoControl));
        let config = GatewayConfig::new("gw0", Role::Initiator);
        let gateway = Gateway::new(link, config).unwrap();
        let channel = gateway.new_channel().unwrap();
        channel.send_all(0..ITEMS).unwrap();
        // Each with its header: some 300 kB, in parts of 64 KiB.
        let writes = writes.load(Ordering::SeqCst);
        assert!((2..10).contains(&writes), "{writes} writes");
        for number in 0..ITEMS {
            let frame = expect(&mut peer, ChannelData, channel.id());
            assert_eq!(
                LoadOptions::wire().loads(&frame.payload).unwrap(),
                Value::from(number)
            );
        }
    });
}

#[test]
fn send_all_sends_the_items_before_one_that_cannot_be_encoded() {
    /// None, or a list of more elements than the format can count.
    struct Part(bool);
    impl execnet_serializer::Dump for Part {
        fn dump<W: embedded_io::Write>(
            &self,
            encoder: &mut execnet_serializer::Encoder<W>,
        ) -> Result<(), execnet_serializer::EncodeError<W::Error>> {
            encoder.none()?;
            if self.0 {
                Ok(())
            } else {
                encoder.list(1 << 31)
            }
        }
    }
    with_gateway_of(
        |config| config,
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            let parts = [true, true, false, true].map(Part);
            let error = channel.send_all(parts).unwrap_err();
            assert!(matches!(error, SendError::Encode(_)), "{error:?}");
            channel.send("next").unwrap();
            for expected in [Value::None, Value::None, Value::from("next")] {
                let frame = expect(&mut peer, ChannelData, channel.id());
                assert_eq!(LoadOptions::wire().loads(&frame.payload).unwrap(), expected);
            }
        },
    );
}
