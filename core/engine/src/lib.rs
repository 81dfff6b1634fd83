//! The Fieldcast engine: downsync, offer, receive; events out, answers in.
