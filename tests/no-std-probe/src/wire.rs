//! One direction of a link in memory, for programs that take turns: where it is empty, it has ended.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::convert::Infallible;

use embedded_io::{ErrorType, Read, Write};
use spin::Mutex;

#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<VecDeque<u8>>>);

impl ErrorType for Wire {
    type Error = Infallible;
}

impl Read for Wire {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        let mut bytes = self.0.lock();
        let count = room.len().min(bytes.len());
        for (place, byte) in room.iter_mut().zip(bytes.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.0.lock().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
