import { GNTST_general_error } from "../../xen/abi/grant-table.ts";
import { refusal } from "./kind.ts";

export const unmapFails = refusal(
	"unmap-fails",
	"the unmap of one page is refused: it stays mapped",
	["grant.unmap"],
	{ GNTST_general_error },
);
