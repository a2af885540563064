import { parseDecimal, parseVersions } from "../../displif/nodes.ts";
import { OPS } from "../../displif/ops/index.ts";
import type { Connection, WireEntry } from "../../journal/exchange.ts";
import {
	XenbusStateConnected,
	XenbusStateInitWait,
} from "../../xen/abi/xenbus.ts";
import { type Court, rule } from "../rule.ts";

/** What each device's frontend had written when it went to Initialised, by frontend and device. */
type Chosen = Map<string, string | undefined>;

/** The backend says which versions it speaks, the frontend which of them is spoken, and both keep to it. */
export const versionChosen = rule<Chosen>({
	id: "version-chosen",
	says: "The backend lists its versions before InitWait, the frontend names one of them before Initialised, and what version 2 brought is used in version 2 only.",
	families: ["D7"],
	owes: "both",
	level: "must",
	requirements: [
		"displif.version-chosen",
		"displif.versions",
		"displif.versions.separator",
		"displif.get-edid.version",
	],
	// Where nothing is offered, nothing can be chosen from it.
	assumes: ["displif.versions"],
	observes: ["wire.state", "wire.open", "wire.request", "wire.response"],
	start: () => new Map(),
	step(chosen, entry, court) {
		switch (entry.kind) {
			case "wire.state":
				if (entry.side === "backend") offered(entry, court);
				else stillChosen(entry, chosen, court);
				return;
			case "wire.open":
				// One device, one version, however many connectors it has.
				if (entry.connection.connector === 0) chose(entry, chosen, court);
				return;
			case "wire.request":
				asked(entry, court);
				return;
			case "wire.response":
				answered(entry, court);
				return;
			default:
		}
	},
});

type Of<K extends WireEntry["kind"]> = WireEntry & { kind: K };

const told = (text: string | undefined): string =>
	text === undefined ? "no node" : `"${text}"`;
const versionNode = (fe: number, dev: number): string =>
	`/local/domain/${fe}/device/vdispl/${dev}/version`;
const versionsNode = (be: number, fe: number, dev: number): string =>
	`/local/domain/${be}/backend/vdispl/${fe}/${dev}/versions`;

function offered(
	{ fe, be, dev, after, before, domid, seq }: Of<"wire.state">,
	court: Court,
): void {
	if (after !== String(XenbusStateInitWait) || before === after) return;
	if (domid !== be) return;
	const path = versionsNode(be, fe, dev);
	const list = court.exchange.store.value(path);
	if (list !== undefined && parseVersions(list) !== undefined) return;
	court.breach({
		domid: be,
		message:
			list === undefined
				? `the backend of device ${dev} of domain ${fe} went to InitWait without a list of the versions it speaks`
				: `the backend of device ${dev} of domain ${fe} went to InitWait with a malformed list of versions`,
		expected: `${path}: decimal numbers joined by commas, like "1,2", before InitWait`,
		got: told(list),
		entry: seq,
		requirements: [
			list === undefined || list === ""
				? "displif.versions"
				: "displif.versions.separator",
		],
	});
}

function chose(
	{ connection: { fe, be, dev }, seq }: Of<"wire.open">,
	chosen: Chosen,
	court: Court,
): void {
	const { store } = court.exchange;
	const text = store.value(versionNode(fe, dev));
	chosen.set(`${fe} ${dev}`, text);
	const list = store.value(versionsNode(be, fe, dev));
	// A frontend that names none speaks version 1, and so does a backend that lists none.
	const version = text === undefined ? 1 : parseDecimal(text, 32);
	const versions =
		list === undefined || list === ""
			? [1]
			: list.split(",").map((part) => parseDecimal(part, 32));
	if (version !== undefined && version > 0 && versions.includes(version))
		return;
	court.breach({
		domid: fe,
		message: `the frontend of device ${dev} went to Initialised without having chosen a version that its backend offers`,
		expected: `version: one of ${told(list)}, written before Initialised`,
		got: text === undefined ? "no node, which is version 1" : told(text),
		entry: seq,
		requirements: ["displif.version-chosen"],
	});
}

/** The choice that counts is the one that stood there at Initialised. */
function stillChosen(
	{ fe, dev, after, domid, seq }: Of<"wire.state">,
	chosen: Chosen,
	court: Court,
): void {
	if (after !== String(XenbusStateConnected) || domid !== fe) return;
	const key = `${fe} ${dev}`;
	if (!chosen.has(key)) return;
	const before = chosen.get(key);
	const now = court.exchange.store.value(versionNode(fe, dev));
	if (now === before) return;
	court.breach({
		domid: fe,
		message: `the frontend of device ${dev} changed its version between Initialised and Connected`,
		expected: `what stood there at Initialised: ${told(before)}`,
		got: told(now),
		entry: seq,
		requirements: ["displif.version-chosen"],
	});
}

const versionOf = ({ fe, dev }: Connection, court: Court): number =>
	court.books.device(fe, dev)?.version ?? 1;

const spoken = (connection: Connection, court: Court): string => {
	const text = court.exchange.store.value(
		versionNode(connection.fe, connection.dev),
	);
	return text === undefined
		? "no version was named, so version 1 is spoken"
		: `version ${text} is spoken`;
};

function asked({ connection, request, seq }: Of<"wire.request">, court: Court) {
	const booked = court.books.request(request);
	if (booked === undefined) return;
	const version = versionOf(connection, court);
	const { packet } = booked;
	if (packet.operation === undefined) return;
	const { since } = OPS[packet.operation];
	const where = `connector ${connection.connector} of device ${connection.dev}`;
	if (since > version)
		court.breach({
			domid: connection.fe,
			message: `${packet.operation}, which version ${since} brought, was sent on ${where} although ${spoken(connection, court)}`,
			expected: `${packet.operation} only when version ${since} was chosen`,
			got: `version ${version}`,
			entry: seq,
			requirements: ["displif.get-edid.version", "displif.version-chosen"],
		});
	if (
		packet.operation === "DBUF_CREATE" &&
		packet.body.data_ofs !== 0 &&
		version < 2
	)
		court.breach({
			domid: connection.fe,
			message: `DBUF_CREATE on ${where} says that the picture begins at data_ofs ${packet.body.data_ofs}, a field of version 2, although ${spoken(connection, court)}`,
			expected: "data_ofs 0 unless version 2 was chosen",
			got: `version ${version}`,
			entry: seq,
			requirements: ["displif.version-chosen"],
		});
}

/** Whoever asks for what the version does not have is told so. */
function answered(
	{ connection, request, seq }: Of<"wire.response">,
	court: Court,
): void {
	const booked = request && court.books.request(request);
	if (booked?.status !== 0 || booked.packet.operation === undefined) return;
	const { since } = OPS[booked.packet.operation];
	const version = versionOf(connection, court);
	if (since <= version) return;
	court.breach({
		domid: connection.be,
		message: `${booked.packet.operation} on connector ${connection.connector} of device ${connection.dev} was answered with 0 although ${spoken(connection, court)}`,
		expected: `an error: version ${since} brought the operation`,
		got: "0",
		entry: seq,
		requirements: ["displif.get-edid.version"],
	});
}
