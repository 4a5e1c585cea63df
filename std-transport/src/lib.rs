//! Start interpreters anywhere, run code in them, talk over channels.
