import type { Requirement } from "./requirement.ts";

const req = (
	id: string,
	place: string,
	owes: Requirement["owes"],
	says: string,
	more: Partial<Requirement> = {},
): Requirement => ({
	id: `displif.${id}`,
	source: "io/displif.h",
	place,
	owes,
	level: "must",
	says,
	...more,
});

/** Sentences of displif.h, in header order. */
export const DISPLIF: readonly Requirement[] = [
	req(
		"versions",
		"Protocol version",
		"backend",
		"the backend publishes the versions it supports before InitWait",
	),
	req(
		"version-chosen",
		"Protocol version",
		"frontend",
		"the frontend chooses one of them",
	),
	req(
		"be-alloc",
		"Backend buffer allocation",
		"frontend",
		"the backend is asked to allocate only when be-alloc is 1",
	),
	req(
		"resolution",
		"Connector settings",
		"toolstack",
		"a connector has its resolution as <width>x<height>",
	),
	req(
		"transport",
		"Connector Request Transport Parameters",
		"frontend",
		"each connector has a ring, an event page and two ports of its own",
	),
	req(
		"states",
		"State diagrams",
		"both",
		"both sides follow the state diagram",
	),
	req(
		"recovery",
		"Recovery flow",
		"both",
		"a side whose peer is gone becomes ready for a new connection",
	),
	req(
		"cookie-nonzero",
		"Description of the protocol between frontend and backend driver",
		"frontend",
		"0 is no cookie",
	),
	req(
		"reserved-zero",
		"Description of the protocol between frontend and backend driver",
		"both",
		"reserved fields and unused bits are 0",
	),
	req(
		"request.connector-0",
		"Requests",
		"frontend",
		"buffer and framebuffer requests use the ring of connector 0",
	),
	req(
		"response.one-per-request",
		"Responses",
		"backend",
		"each request is answered by one response",
	),
	req(
		"response.id-echoed",
		"Responses",
		"backend",
		"a response carries the id of its request",
	),
	req(
		"response.operation-echoed",
		"Responses",
		"backend",
		"a response carries the operation of its request",
	),
	req(
		"response.status",
		"Status return codes",
		"backend",
		"status is 0 or a negative error number",
	),
	req(
		"dbuf-create.cookie-unique",
		"Request dbuf creation",
		"both",
		"a cookie in use is refused",
	),
	req(
		"dbuf-create.flags",
		"Request dbuf creation",
		"frontend",
		"only the allocation flag is defined",
	),
	req(
		"dbuf-create.directory",
		"Request dbuf creation",
		"both",
		"gref_directory names the first directory page, which lists every page of the buffer",
	),
	req(
		"dbuf-create.size",
		"Request dbuf creation",
		"both",
		"buffer_sz, geometry and the directory agree",
		{
			readings: [
				"buffer_sz includes data_ofs",
				"buffer_sz is the picture alone",
			],
		},
	),
	req(
		"dbuf-create.backend-allocates",
		"Request dbuf creation",
		"backend",
		"asked to allocate, the backend grants its pages and writes them into the directory",
	),
	req(
		"dbuf-destroy.release",
		"Request dbuf destruction",
		"backend",
		"after a destroy the buffer's pages are not mapped any more",
	),
	req(
		"fb-attach.cookie-unique",
		"Request framebuffer attachment",
		"both",
		"a framebuffer cookie in use is refused",
	),
	req(
		"fb-attach.fits",
		"Request framebuffer attachment",
		"both",
		"a framebuffer lies within its buffer",
	),
	req(
		"fb-detach",
		"Request framebuffer detach",
		"backend",
		"a framebuffer is let go",
	),
	req(
		"set-config.bounds",
		"Request configuration set/reset",
		"both",
		"the mode lies within the connector's resolution",
	),
	req(
		"set-config.reset",
		"Request configuration set/reset",
		"backend",
		"all fields 0 switch the connector off",
	),
	req(
		"pg-flip.event",
		"Page flip complete event",
		"backend",
		"one event for each accepted flip, with its cookie",
	),
	req(
		"get-edid.version",
		"Request EDID",
		"both",
		"the request belongs to version 2",
	),
	req(
		"get-edid.buffer-size",
		"Request EDID",
		"both",
		"the buffer holds at least 32768 octets",
	),
	req(
		"get-edid.edid-size",
		"Get EDID response",
		"backend",
		"edid_sz says how many octets were written",
	),
	req(
		"operation.reserved",
		"Request codes",
		"both",
		"codes 0 to 15 are reserved",
	),
	req(
		"event-page.in-bounds",
		"Back to front events delivery",
		"both",
		"at most 63 events are unconsumed, and none is consumed that was not produced",
	),
];
