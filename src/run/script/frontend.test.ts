import { describe, expect, it } from "vitest";
import { play } from "./testing.ts";

const SCRIPTED = "cast: { fe: scripted, be: reference }\n";

describe("a scripted frontend", () => {
	it("connects, creates and destroys a buffer", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
    state: { fe.state: Connected, be.state: Connected }
  - wire.buffer: { as: buf, pages: 4 }
    delta: { fe.pages: +5, fe.grants: +5 }
  - wire.send: { op: DBUF_CREATE, of: buf }
    replies: ok
  - wire.send: { op: FB_ATTACH, of: buf, fb_cookie: 9, pixel_format: XR24 }
    replies: ok
  - wire.send: { op: FB_DETACH, fb_cookie: 9 }
    replies: ok
  - wire.send: { op: DBUF_DESTROY, of: buf }
    replies: ok
    state: { dbuf(buf).maps: 0 }
  - grant.end: { of: buf }
    delta: { fe.grants: -5, fe.reserved: 0 }
  - page.free: { of: buf }
    delta: { fe.pages: -5 }
`);
		expect(played).toMatchObject({
			error: undefined,
			unmet: [],
			findings: [],
			crashes: [],
			requests: 4,
		});
		expect(played.responses).toHaveLength(4);
	});
});
