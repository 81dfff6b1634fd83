//! Messages, framing, limits and the exchange state machines. Sans-IO.
