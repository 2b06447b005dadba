//! Tests of the API, the pages and callbacks.

mod access;
mod api;
mod bad_input;
mod basics;
mod batch;
mod callback_limits;
mod callbacks;
mod connections;
mod engine;
mod fairness;
mod openapi;
mod origin;
mod pages;
mod results;
mod slack;
