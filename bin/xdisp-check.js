#!/usr/bin/env node
import "../dist/xdisp-check.mjs";
