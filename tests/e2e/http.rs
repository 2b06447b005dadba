//! Tests of the API, the pages and callbacks.

mod access;
mod api;
mod bad_input;
mod basics;
mod batch;
mod callbacks;
mod engine;
mod openapi;
mod pages;
mod results;
mod slack;
