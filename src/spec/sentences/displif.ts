import type { Sentences } from "./sentences.ts";

/** io/displif.h, sentence by sentence. */
export const DISPLIF_SENTENCES: Sentences = {
	header: "io/displif.h",
	whole: true,
	binds: {
		// Main features provided by the protocol
		"9ee3a564c015": ["displif.resolution"],
		"3682063cbca9": [
			"displif.dbuf-create.any-size",
			"displif.fb-attach.any-size",
		],
		// Feature and Parameter Negotiation
		"317150a43d0e": ["displif.notify.hold-off"],
		b7dde2bbaa91: ["displif.notify.request-event"],
		e471bfc9e985: ["displif.notify.hold-off"],
		"53572359f848": ["displif.notify.response-event"],
		"6bdf2997f3e9": ["displif.nodes.decimal"],
		a39ce532c34f: ["displif.nodes.decimal"],
		"9959e2e0deb5": ["displif.nodes.range"],
		// Backend XenBus Nodes: Protocol version
		"12b4f0a20ef2": ["displif.versions", "displif.versions.separator"],
		// Frontend XenBus Nodes: Addressing
		"0b6c1d13d88f": ["displif.addressing.ids"],
		"283eb5ad03ca": ["displif.addressing.ids"],
		"6aa044d4f3f3": ["displif.addressing.contiguous"],
		// Frontend XenBus Nodes: Protocol version
		"4ad9c44d72fb": ["displif.version-chosen"],
		// Frontend XenBus Nodes: Backend buffer allocation
		d5c059317d20: ["displif.be-alloc.values"],
		"21b8790efe3f": ["displif.be-alloc"],
		"007681b73129": ["displif.be-alloc"],
		// Frontend XenBus Nodes: Connector settings
		c8c6882636ef: ["displif.unique-id"],
		a3648be3cbb3: ["displif.resolution"],
		"4fa8d9a4b165": ["displif.resolution"],
		d1c0019b0cd5: ["displif.resolution"],
		f330f8ec8f2f: ["displif.resolution.edid-first"],
		// Frontend XenBus Nodes: Connector Request Transport Parameters
		"9556994320ad": ["displif.transport"],
		"187b4532126d": ["displif.nodes.range"],
		"34f534c37401": ["displif.transport.req-event-channel"],
		"501c4562ad77": ["displif.transport.req-ring-ref"],
		// Frontend XenBus Nodes: Connector Event Transport Parameters
		"45ea9f0139c2": ["displif.transport"],
		"454730c3fb7f": ["displif.transport.evt-event-channel"],
		"75deab33ef28": ["displif.transport.evt-ring-ref"],
		// State diagrams
		dbceab7a0123: ["displif.states.initial"],
		"00410f5c051b": ["displif.states.configuration"],
		// State diagrams: Normal flow
		"7ec0673079ca": ["displif.states"],
		"2f4261661d80": ["displif.states.initial"],
		"26e19bb776bc": ["displif.states.device-valid"],
		a0a4f850bcf7: ["displif.states.device-valid"],
		"4e95ac18a263": ["displif.states.device-valid"],
		"34488e615fc1": ["displif.states.configuration"],
		"0255fb5aeba6": ["displif.states.publish"],
		"00bf35f1b292": ["displif.states.publish"],
		"01e1700b5c5a": ["displif.states.publish"],
		bd1d169c7e81: ["displif.states.connect"],
		"37c3338e8106": ["displif.states.connect"],
		bbfc0e1461b6: ["displif.states.connect", "displif.states.displays"],
		"0d68f6d43d2b": ["displif.states.displays"],
		ffb4643aa298: ["displif.states.close"],
		"36875e0282c7": ["displif.states.close"],
		f932fe5723a4: ["displif.states.close"],
		"2b1b3929a2b0": ["displif.states.close"],
		// State diagrams: Recovery flow
		"4830afb98ccc": ["displif.recovery.frontend-error"],
		"1e7cb0a96bd2": ["displif.recovery"],
		"691b651b9545": ["displif.recovery.initialising"],
		d3210a78603b: ["displif.recovery.reconfiguring"],
		"5b32ab90ba5a": ["displif.recovery.reinitialise"],
		"40743ca79cc8": ["displif.recovery.no-requests"],
		"52b25f62f80f": [
			"displif.recovery.no-new-clients",
			"displif.recovery.clients-leave",
		],
		f773821bbee5: ["displif.recovery.reinitialise"],
		"8a1db426a018": ["displif.recovery.last-client"],
		"6d767e744ea5": ["displif.recovery.last-client"],
		"0b66d7068d4b": ["displif.recovery.last-client"],
		c4e0c871807d: ["displif.recovery.last-client"],
		// Request codes
		"5d59f489ab42": ["displif.operation.reserved", "displif.operation.unknown"],
		b449e12dee24: ["displif.get-edid.version"],
		// Status return codes
		df9118f09411: ["displif.response.status"],
		// Assumptions
		f9eb530c2fa8: ["displif.gref-zero"],
		"63b085a9ea03": ["displif.gref-zero"],
		"2ffdc0042e4c": ["displif.page-size"],
		// Description of the protocol between frontend and backend driver
		"060a9655d7cd": ["displif.reserved-zero"],
		"845c10cb42ba": ["displif.cookie-nonzero", "displif.cookie-zero-refused"],
		"68dc96a07a99": ["displif.cookie-nonzero", "displif.cookie-zero-refused"],
		de0e60a10d25: ["displif.cookie-guest-wide", "displif.cookie-unknown"],
		"0e6f6ed4c24c": ["displif.cookie-guest-wide", "displif.cookie-unknown"],
		// Requests
		"9366b843b4b1": [
			"displif.request.connector-0",
			"displif.request.own-connector",
		],
		"82dfdab8f122": ["displif.packet-length"],
		"615ff4d42f57": ["displif.request.id-unique", "displif.response.id-echoed"],
		"7f7c0d15d8e2": ["displif.operation.unknown"],
		// Request dbuf creation
		"41efbbbdb8aa": ["displif.request.connector-0"],
		"5032aff2fa86": ["displif.dbuf-create.flags"],
		"35b3b6ea62fc": [
			"displif.dbuf-create.cookie-unique",
			"displif.dbuf-create.error-code",
		],
		"3f48353b8392": ["displif.dbuf-create.cookie-reuse"],
		"5cc7b0f855a1": ["displif.dbuf-create.any-size"],
		dc401c5b5567: ["displif.dbuf-create.any-size"],
		a546815aa725: ["displif.dbuf-create.size"],
		ad3dc5261809: ["displif.dbuf-create.backend-allocates"],
		"2ce6d4f8d9b5": ["displif.dbuf-create.request-directory"],
		"15cffd453c44": ["displif.dbuf-create.request-directory"],
		a4b6ac242bd5: ["displif.dbuf-create.request-directory"],
		"7831fe5ba9ba": ["displif.dbuf-create.backend-allocates"],
		"38af1a7e2e63": ["displif.dbuf-create.backend-allocates"],
		a8700cb3f15f: ["displif.dbuf-create.directory"],
		"6456280e6fed": ["displif.dbuf-create.directory"],
		"3d67a632a6b1": [
			"displif.dbuf-create.directory",
			"displif.directory.count",
		],
		ab5dc1b44802: ["displif.dbuf-create.data-ofs"],
		// Shared page for XENDISPL_OP_DBUF_CREATE
		"427cb27ee3aa": ["displif.directory.count"],
		"4659b6353434": ["displif.directory.last"],
		"384ddf45427e": ["displif.directory.last"],
		"24c2fee81135": ["displif.dbuf-create.directory"],
		"6f5ca5fb9069": ["displif.directory.count", "displif.directory.bounded"],
		"5d809f3d9cd1": ["displif.directory.count"],
		// Request dbuf destruction
		"1a5daacca9f3": ["displif.dbuf-destroy.release"],
		// Request framebuffer attachment
		e0981cec2d6b: ["displif.fb-attach.dbuf"],
		ad734c7928a3: ["displif.fb-attach.any-size"],
		b57cafaafc66: ["displif.fb-attach.cookie-unique"],
		"37224c4a6b56": ["displif.fb-attach.cookie-reuse"],
		"4278403ef186": ["displif.fb-attach.format"],
		// Request framebuffer detach
		e3925f70d4a6: ["displif.fb-detach"],
		// Request configuration set/reset
		b118a0780545: ["displif.set-config.reset"],
		a6b3dcb19abb: ["displif.set-config.shows"],
		"52097c24ce3f": ["displif.set-config.bounds"],
		// Request page flip
		cd4ff7374b8f: ["displif.pg-flip.framebuffer"],
		// Request EDID
		"95fc1054b6e0": ["displif.get-edid.version"],
		"1126652bdcb6": ["displif.get-edid.optional"],
		"209a1d054594": ["displif.get-edid.buffer-size"],
		f1f2b35af52d: ["displif.get-edid.directory"],
		"68fd41789d82": ["displif.get-edid.directory"],
		// Responses
		"7a125174303a": ["displif.packet-length"],
		"87e8392ebcf0": ["displif.response.operation-echoed"],
		e2246a42723d: ["displif.response.id-echoed"],
		"663574e24621": ["displif.response.status"],
		// Get EDID response
		"2968cbbe4d06": ["displif.get-edid.response-version"],
		f9602a37e1e5: ["displif.get-edid.edid-size"],
		// Events
		"82461b13cd8f": ["displif.event-page.owner"],
		b0d6a3252cee: ["displif.packet-length"],
		"9a398c2e38ac": ["displif.event.id"],
		e0d4a33d7481: ["displif.event.type"],
		// Page flip complete event
		"72e126bb2fab": ["displif.pg-flip.event"],
		// Back to front events delivery
		"3a116480088a": ["displif.event-page.owner"],
		"35f33465555b": ["displif.event-page.roles"],
		"9341b245c5e5": ["displif.event-page.in-bounds"],
		ea5322be2256: ["displif.event-page.confirm", "displif.event-page.full"],
	},
	bindsNobody: {
		"says what the protocol is for": [
			"94e63617df35",
			"6acd76e15aaa",
			"f4a836c0a348",
			"de380598b2b4",
			"391421aaadac",
			"32a7fb5da525",
			"83cad87ad7ca",
			"4ab88d6f2fab",
			"f7d9b63b01dc",
		],
		"speaks of what a later protocol could have": [
			"d9f87942b81c",
			"72873316919c",
			"ed6a4ec658f0",
			"136140896bad",
			"f4b374fe9a33",
			"6d3b457a6af9",
		],
		"leads in, names a field or a node, or refers to another place": [
			"4c87984d4992",
			"e6d9d78188d5",
			"3d0e3bf99bed",
			"4612828a45f1",
			"c99037961218",
			"ae8d41ec6a91",
			"083b52690f4b",
			"5a92e9580fa8",
			"6cbe4d5e4c0a",
			"a322819d3632",
			"5ca4f3850ccc",
			"561264584811",
			"5fc5013c7e84",
			"f7fbd5853d11",
			"ba9dbe9f5d2c",
			"afd06446c793",
			"fed752a8550d",
			"ff326098968b",
			"652744a2ab28",
			"dd53acbd6c06",
			"1400d0f57fe6",
			"ccaf6ff43f0a",
			"798253c0ac21",
			"40599b710644",
			"d332f5e83f8a",
			"bd0101b3a005",
			"8e3f2fb6b20a",
			"73c082d14e2e",
			"9a4697e1ee33",
			"d60aac73f383",
			"da4f7ea58d96",
			"d6d6039c7243",
			"ecffd0a4c0c9",
			"3bc6dcbf937b",
		],
		"gives an example or leaves a choice open": [
			"6146d22f56c7",
			"74b80f7af5d6",
		],
		"gives a unit or a type, which the layout tests hold to the structure": [
			"c7a71f467ca2",
			"dcb705376bc5",
			"6594b33ab0a8",
			"6e07a749dc80",
			"918c9957cdc0",
			"c828aa628127|-",
		],
		"tells why Reconfiguring exists; what follows from it is bound below it": [
			"0b9fe83fb08e",
			"62c02e0293cd",
		],
	},
	derived: {
		"two sentences together: a response goes back by the ring of its request, which holds requests and responses":
			["displif.response.one-per-request"],
		"-XEN_EXX stands for any number of errno.h: the header picks none": [
			"displif.error-code",
		],
		"the header is silent": ["displif.response.order", "displif.pg-flip.order"],
		"the header is silent on the order of destroy and detach, and on a framebuffer that is on screen":
			["displif.dbuf-destroy.attached", "displif.fb-detach.on-screen"],
		"geometry of a framebuffer against its buffer: memory behind the buffer is not the guest's to show":
			["displif.fb-attach.fits"],
		"the structure and the drawing of the packet differ": [
			"displif.set-config.layout",
		],
		"XENDISPL_IN_RING_REF takes an index modulo 63, which does not divide 2^32":
			["displif.event-page.wrap"],
	},
};
