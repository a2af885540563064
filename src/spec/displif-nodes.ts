import { may, must, section } from "./requirement.ts";

const displif = (
	place: string,
	...sentences: ReturnType<typeof must>[]
): ReturnType<typeof section> =>
	section("displif", "io/displif.h", place, ...sentences);

/** displif.h up to its state diagrams: negotiation, and the nodes of both directories. */
export const DISPLIF_NODES = [
	...displif(
		"Feature and Parameter Negotiation",
		may(
			"notify.hold-off",
			"both",
			"a notification may be left out when the other side's threshold does not ask for it",
		),
		must(
			"notify.request-event",
			"backend",
			"the backend sets the request threshold before it sleeps, so that the next request is notified",
		),
		must(
			"notify.response-event",
			"frontend",
			"the frontend sets the response threshold before it sleeps, so that the next response is notified",
		),
		must("nodes.decimal", "both", "numbers in XenStore are decimal text"),
		must(
			"nodes.range",
			"both",
			"a number fits the integer type that its node names",
		),
	),
	...displif(
		"Backend XenBus Nodes: Protocol version",
		must(
			"versions",
			"backend",
			"the backend publishes the versions it supports before InitWait",
		),
		must(
			"versions.separator",
			"backend",
			"the versions are joined by commas, nothing else",
		),
	),
	...displif(
		"Frontend XenBus Nodes: Addressing",
		must(
			"addressing.ids",
			"toolstack",
			"domain and device identifiers fit 16 bits, connector indexes 8",
		),
		must(
			"addressing.contiguous",
			"toolstack",
			"connectors are numbered from 0 without gaps",
		),
	),
	...displif(
		"Frontend XenBus Nodes: Protocol version",
		must(
			"version-chosen",
			"frontend",
			"the frontend chooses one of the backend's versions",
			"a frontend that writes no version speaks version 1",
			"the node is required",
		),
	),
	...displif(
		"Backend buffer allocation",
		must(
			"be-alloc",
			"frontend",
			"the backend is asked to allocate only when be-alloc is 1",
		),
		must("be-alloc.values", "toolstack", "be-alloc is 0 or 1, or is not there"),
	),
	...displif(
		"Connector settings",
		must(
			"unique-id",
			"toolstack",
			"each connector has an identifier that no other has, by which the backend knows it",
		),
		must(
			"resolution",
			"toolstack",
			"a connector has its resolution as <width>x<height>",
		),
		must(
			"resolution.edid-first",
			"frontend",
			"an EDID that the backend gave counts before the resolution in XenStore",
		),
	),
	...displif(
		"Connector Request Transport Parameters",
		must(
			"transport",
			"frontend",
			"each connector has a ring, an event page and two ports of its own",
		),
		must(
			"transport.req-event-channel",
			"frontend",
			"req-event-channel is a port of the frontend that the backend can bind",
		),
		must(
			"transport.req-ring-ref",
			"frontend",
			"req-ring-ref is a grant of the request ring's only page, for the backend",
		),
	),
	...displif(
		"Connector Event Transport Parameters",
		must(
			"transport.evt-event-channel",
			"frontend",
			"evt-event-channel is a second port that the backend can bind",
		),
		must(
			"transport.evt-ring-ref",
			"frontend",
			"evt-ring-ref is a grant of the event ring's only page, for the backend",
		),
	),
];
