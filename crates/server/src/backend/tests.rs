//! Webhooks, called for real.
