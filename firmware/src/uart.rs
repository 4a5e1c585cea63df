//! UART0, a PL011: received bytes go from an interrupt into a ring.

use core::cell::RefCell;
use core::sync::atomic::{AtomicBool, Ordering};

use critical_section::Mutex;
use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use heapless::Deque;
use lm3s6965::{Interrupt, interrupt};

use crate::register::Register;
use crate::{sleep, wake};

/// Bytes that arrive while the program does something else.
const RING: usize = 256;

const UART0: usize = 0x4000_C000;
const DATA: Register = Register::at(UART0);
const FLAGS: Register = Register::at(UART0 + 0x18);
const BAUD_INTEGER: Register = Register::at(UART0 + 0x24);
const BAUD_FRACTION: Register = Register::at(UART0 + 0x28);
const LINE_CONTROL: Register = Register::at(UART0 + 0x2C);
const CONTROL: Register = Register::at(UART0 + 0x30);
const INTERRUPT_MASK: Register = Register::at(UART0 + 0x38);
const INTERRUPT_CLEAR: Register = Register::at(UART0 + 0x44);

/// Clock gates of UART0 and of port A, whose pins it uses.
const CLOCK_UARTS: Register = Register::at(0x400F_E104);
const CLOCK_PORTS: Register = Register::at(0x400F_E108);
const PORT_A_FUNCTION: Register = Register::at(0x4000_4420);
const PORT_A_DIGITAL: Register = Register::at(0x4000_451C);

const RECEIVER_EMPTY: u32 = 1 << 4;
const TRANSMITTER_FULL: u32 = 1 << 5;
const RECEIVED: u32 = 1 << 4;
const TRANSMITTED: u32 = 1 << 5;
const TIMEOUT: u32 = 1 << 6;
/// Of a byte that was read: overrun, break, parity, framing.
const ERRORS: u32 = 0xF00;

static RECEIVED_BYTES: Mutex<RefCell<Deque<u8, RING>>> = Mutex::new(RefCell::new(Deque::new()));
/// A byte was lost or damaged.
static FAULTY: AtomicBool = AtomicBool::new(false);

/// The receiving half.
pub struct Rx(());

/// The sending half.
pub struct Tx(());

/// Starts the UART: 115200 baud at a system clock of 12.5 MHz, 8 bits, no parity. Call it once.
pub fn start() -> (Rx, Tx) {
    CLOCK_UARTS.set(1);
    CLOCK_PORTS.set(1);
    PORT_A_FUNCTION.set(0b11);
    PORT_A_DIGITAL.set(0b11);
    CONTROL.write(0);
    // 12,500,000 / (16 * 115,200) is 6 and 50/64.
    BAUD_INTEGER.write(6);
    BAUD_FRACTION.write(50);
    // 8 bits, with the FIFOs on.
    LINE_CONTROL.write(0b111 << 4);
    INTERRUPT_MASK.write(RECEIVED | TIMEOUT);
    // On: the UART, its transmitter and its receiver.
    CONTROL.write(0x301);
    // SAFETY: the handler uses only data behind critical sections and atomics, so that it may run from here on.
    unsafe { cortex_m::peripheral::NVIC::unmask(Interrupt::UART0) };
    (Rx(()), Tx(()))
}

#[interrupt]
fn UART0() {
    critical_section::with(|cs| {
        let mut ring = RECEIVED_BYTES.borrow_ref_mut(cs);
        while FLAGS.read() & RECEIVER_EMPTY == 0 {
            if ring.is_full() {
                // The bytes stay in the FIFO until the program has read others, and the flow control stops the sender.
                INTERRUPT_MASK.clear(RECEIVED | TIMEOUT);
                break;
            }
            let data = DATA.read();
            if data & ERRORS != 0 {
                FAULTY.store(true, Ordering::Relaxed);
            }
            // There is room. The upper bits are flags.
            let _ = ring.push_back(data as u8);
        }
        // Only to wake a program that waits for room in the FIFO.
        INTERRUPT_MASK.clear(TRANSMITTED);
        INTERRUPT_CLEAR.write(TRANSMITTED | TIMEOUT);
    });
    wake();
}

impl ErrorType for Rx {
    type Error = ErrorKind;
}

impl Rx {
    fn take(&mut self, room: &mut [u8]) -> usize {
        critical_section::with(|cs| {
            let mut ring = RECEIVED_BYTES.borrow_ref_mut(cs);
            let mut taken = 0;
            for place in room {
                let Some(byte) = ring.pop_front() else { break };
                *place = byte;
                taken += 1;
            }
            if taken > 0 {
                INTERRUPT_MASK.set(RECEIVED | TIMEOUT);
            }
            taken
        })
    }
}

impl Read for Rx {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        loop {
            if FAULTY.swap(false, Ordering::Relaxed) {
                return Err(ErrorKind::InvalidData);
            }
            match self.take(room) {
                0 if !room.is_empty() => sleep(),
                taken => return Ok(taken),
            }
        }
    }
}

impl ReadReady for Rx {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        let has_bytes = critical_section::with(|cs| !RECEIVED_BYTES.borrow_ref(cs).is_empty());
        Ok(has_bytes || FAULTY.load(Ordering::Relaxed))
    }
}

impl ErrorType for Tx {
    type Error = ErrorKind;
}

impl Write for Tx {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        while !self.write_ready()? {
            sleep();
        }
        let mut written = 0;
        for &byte in bytes {
            if FLAGS.read() & TRANSMITTER_FULL != 0 {
                break;
            }
            DATA.write(byte.into());
            written += 1;
        }
        Ok(written)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl WriteReady for Tx {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        let is_ready = FLAGS.read() & TRANSMITTER_FULL == 0;
        if !is_ready {
            // Its interrupt ends the sleep of a program that waits. The handler changes the mask, too.
            critical_section::with(|_| INTERRUPT_MASK.set(TRANSMITTED));
        }
        Ok(is_ready)
    }
}
