"""The endpoint of fresh proofs."""

from litestar import Controller, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT

from auth_service.audit.activity.caller import Caller
from auth_service.passwords.proofs import Proofs
from shared.contracts.sessions import GiveProof
from shared.http import Injected


class ProofController(Controller):
    path = "/v1/auth/proof"

    @post(status_code=HTTP_204_NO_CONTENT)
    async def prove(
        self, data: JSONBody[GiveProof], caller: Injected[Caller], proofs: Injected[Proofs]
    ) -> None:
        await proofs.prove(caller, data.password)
