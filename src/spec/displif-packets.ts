import { may, must, section, should } from "./requirement.ts";

const displif = (
	place: string,
	...sentences: ReturnType<typeof must>[]
): ReturnType<typeof section> =>
	section("displif", "io/displif.h", place, ...sentences);

/** displif.h from its request codes to the end: packets, directories, operations, events. */
export const DISPLIF_PACKETS = [
	...displif(
		"Request codes",
		must(
			"operation.reserved",
			"frontend",
			"operation codes 0 to 15 are reserved and not sent",
		),
		should(
			"operation.unknown",
			"backend",
			"a request whose code is reserved or unknown is answered with an error and does nothing",
			"it is answered with a negative status",
			"it is dropped without an answer",
		),
	),
	...displif(
		"Status return codes",
		must(
			"response.status",
			"backend",
			"status is 0 or a negative error number",
		),
	),
	...displif(
		"Assumptions",
		must(
			"gref-zero",
			"both",
			"grant reference 0 stands for none and is never handed to the other side",
		),
		must(
			"page-size",
			"both",
			"a page has 4096 octets, whatever the guest's own pages have",
		),
	),
	...displif(
		"Description of the protocol between frontend and backend driver",
		must("reserved-zero", "both", "reserved fields and unused bits are 0"),
		must("cookie-nonzero", "frontend", "0 is no cookie"),
		must(
			"cookie-zero-refused",
			"backend",
			"a request that makes a buffer or framebuffer with cookie 0 is refused",
		),
		must(
			"cookie-guest-wide",
			"frontend",
			"a cookie is unique within the guest, over all its connectors",
		),
		must(
			"cookie-unknown",
			"backend",
			"a request that names a cookie which is not live is refused and does nothing",
		),
		must(
			"error-code",
			"backend",
			"a failure has a negative status; which one is the backend's choice",
		),
	),
	...displif(
		"Requests",
		must(
			"request.connector-0",
			"frontend",
			"buffer and framebuffer requests use the ring of connector 0",
		),
		must(
			"request.own-connector",
			"frontend",
			"a request that concerns one connector uses that connector's ring",
		),
		must("packet-length", "both", "every packet has 64 octets"),
		may(
			"request.id-unique",
			"frontend",
			"ids of requests that wait for their answers differ",
			"the id is the frontend's own affair",
			"a frontend that matches answers by id needs distinct ones",
		),
	),
	...displif(
		"Request dbuf creation",
		must(
			"dbuf-create.flags",
			"frontend",
			"only the allocation flag is defined; the other bits are 0",
		),
		must("dbuf-create.cookie-unique", "both", "a cookie in use is refused"),
		must(
			"dbuf-create.cookie-reuse",
			"backend",
			"after its buffer was destroyed a cookie can be used again",
		),
		should(
			"dbuf-create.any-size",
			"backend",
			"a buffer may be smaller, equal or bigger than the connector's resolution, and of another depth",
		),
		must(
			"dbuf-create.backend-allocates",
			"backend",
			"asked to allocate, the backend grants its pages and writes them into the directory",
		),
		must(
			"dbuf-create.request-directory",
			"frontend",
			"asking for allocation, the frontend supplies the directory pages, granted and linked",
		),
		must(
			"dbuf-create.directory",
			"both",
			"gref_directory names the first directory page, which lists every page of the buffer",
		),
		must(
			"dbuf-create.size",
			"both",
			"buffer_sz, geometry and the directory agree",
			"buffer_sz includes data_ofs",
			"buffer_sz is the picture alone",
		),
		must(
			"dbuf-create.data-ofs",
			"backend",
			"the picture begins data_ofs octets into the buffer: honoured or refused, never ignored",
		),
		may(
			"dbuf-create.error-code",
			"backend",
			"a cookie in use has an error number of its own",
			"EEXIST",
			"EINVAL; the header gives no number",
		),
	),
	...displif(
		"Shared page for XENDISPL_OP_DBUF_CREATE",
		must(
			"directory.last",
			"frontend",
			"gref_dir_next_page of the last directory page is 0",
		),
		must(
			"directory.count",
			"both",
			"a directory lists buffer_sz / 4096 pages, rounded up, full pages first",
		),
		must(
			"directory.bounded",
			"backend",
			"a directory is followed for as many pages as buffer_sz needs and no further; one that ends early is refused",
		),
	),
	...displif(
		"Request dbuf destruction",
		must(
			"dbuf-destroy.release",
			"backend",
			"after a successful destroy the buffer's pages are not mapped any more",
		),
		should(
			"dbuf-destroy.attached",
			"frontend",
			"a buffer is destroyed after its framebuffers were detached",
			"a destroy while attached is refused",
			"it detaches the framebuffers",
		),
	),
	...displif(
		"Request framebuffer attachment",
		must(
			"fb-attach.dbuf",
			"frontend",
			"a framebuffer is attached to a display buffer that exists",
		),
		must(
			"fb-attach.cookie-unique",
			"both",
			"a framebuffer cookie in use is refused",
		),
		must(
			"fb-attach.cookie-reuse",
			"backend",
			"after a detach the framebuffer's cookie can be used again",
		),
		should(
			"fb-attach.any-size",
			"backend",
			"a framebuffer may be smaller, equal or bigger than the connector's resolution",
		),
		must("fb-attach.fits", "both", "a framebuffer lies within its buffer"),
		must("fb-attach.format", "frontend", "pixel_format is a FOURCC code"),
	),
	...displif(
		"Request framebuffer detach",
		must(
			"fb-detach",
			"backend",
			"after a detach the framebuffer is not shown and its cookie unknown",
		),
		should(
			"fb-detach.on-screen",
			"frontend",
			"a framebuffer that is on screen is not detached",
			"a detach while on screen is refused",
			"it takes the framebuffer off the screen",
		),
	),
	...displif(
		"Request configuration set/reset",
		must(
			"set-config.reset",
			"backend",
			"all fields 0 switch the connector off",
		),
		must(
			"set-config.shows",
			"backend",
			"setting a mode shows the framebuffer that the request names",
		),
		must(
			"set-config.bounds",
			"both",
			"the mode lies within the connector's resolution",
		),
		must(
			"set-config.layout",
			"both",
			"bpp lies at octets 32 to 35 of the request",
			"the structure, which peers compile",
			"the drawing ends bpp at octet 40",
		),
	),
	...displif(
		"Request page flip",
		must(
			"pg-flip.framebuffer",
			"frontend",
			"a flip names a framebuffer that is attached",
		),
	),
	...displif(
		"Request EDID",
		must(
			"get-edid.version",
			"both",
			"the request belongs to version 2; in version 1 it is not sent and is ignored",
		),
		may(
			"get-edid.optional",
			"backend",
			"a backend need not give an EDID; then the resolution in XenStore counts",
		),
		must(
			"get-edid.buffer-size",
			"both",
			"the buffer holds at least 32768 octets",
		),
		must(
			"get-edid.directory",
			"frontend",
			"the EDID's buffer is the frontend's, listed by a directory as for a display buffer",
		),
	),
	...displif(
		"Responses",
		must(
			"response.one-per-request",
			"backend",
			"each request is answered by one response, on the ring it came by",
		),
		must(
			"response.id-echoed",
			"backend",
			"a response carries the id of its request",
		),
		must(
			"response.operation-echoed",
			"backend",
			"a response carries the operation of its request",
			"the structure has the operation at octet 2",
			"the drawing of the common header shows it reserved",
		),
		may(
			"response.order",
			"backend",
			"responses come in an order of the backend's choice",
			"any order",
			"the order of the requests; the header states none",
		),
	),
	...displif(
		"Get EDID response",
		must(
			"get-edid.edid-size",
			"backend",
			"edid_sz says how many octets were written, at most buffer_sz",
		),
		should(
			"get-edid.response-version",
			"frontend",
			"a response to GET_EDID that comes in version 1 is ignored",
		),
	),
	...displif(
		"Events",
		must("event.type", "backend", "an event has a type that is defined"),
		may("event.id", "frontend", "the frontend may use the id of an event"),
	),
	...displif(
		"Page flip complete event",
		must(
			"pg-flip.event",
			"backend",
			"one event for each accepted flip, with its cookie, on the flip's connector, and none without a flip",
		),
		may(
			"pg-flip.order",
			"backend",
			"response and event of a flip come in either order",
			"the response first",
			"either first: the header states no order, and the two travel by different channels",
		),
	),
	...displif(
		"Back to front events delivery",
		must(
			"event-page.owner",
			"frontend",
			"the event page is the frontend's, cleared before it is granted",
		),
		must(
			"event-page.roles",
			"both",
			"the backend writes events and in_prod, the frontend in_cons, and neither the other's",
		),
		must(
			"event-page.in-bounds",
			"both",
			"at most 63 events are unconsumed, and none is consumed that was not produced",
		),
		may(
			"event-page.confirm",
			"frontend",
			"the frontend confirms each event, several at once, or none",
		),
		must(
			"event-page.full",
			"backend",
			"a backend whose events are not confirmed goes on serving",
			"events beyond the 63rd are dropped",
			"they are kept and sent later",
		),
		may(
			"event-page.wrap",
			"both",
			"the slot of an event is its index modulo 63 also where the 32-bit index wraps",
			"63 does not divide 2^32, so the slot jumps there",
			"the sides agree on an index that counts modulo 63",
		),
	),
];
