//! The backend over HTTP, as the gateway and the pages see it, and behind a real gateway.

mod backend;
mod devices;
mod direct;
mod gateway;
mod journeys;
mod login;
mod orders;
mod plain;
mod published;
mod quotation;
mod readme;
mod scans;
mod setup;
mod webhooks;
mod wechat;
