//! Tests of whole resolutions.
