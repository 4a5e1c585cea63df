//! Channels of execnet on a sans-IO state machine.
#![no_std]
