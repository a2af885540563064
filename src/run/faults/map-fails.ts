import {
	GNTST_general_error,
	GNTST_no_device_space,
} from "../../xen/abi/grant-table.ts";
import { refusal } from "./kind.ts";

export const mapFails = refusal(
	"map-fails",
	"the map of one page is refused",
	["grant.map"],
	{ GNTST_general_error, GNTST_no_device_space },
);
