"""
Simulated partners: billing, inventory and ERP over HTTP, a downstream system and a patient index over MLLP, a FHIR server, a payer
that answers questions of cover, drop boxes over SFTP with a supplier or a payer behind them, with faults that can be switched while they run. For `corridor simulate`, the demo and the tests; synthetic through and through, on loopback unless told otherwise.

    async with simulate.http_partner("billing", fault="503") as partner:
        ...  # post to partner.port
        partner.fault = "none"
        assert partner.unique == 1 and partner.repeats == 0
"""

from engine.simulate.drops import Drop, drop_of, listed, put
from engine.simulate.eligibility import EligibilityPartner, eligibility_partner
from engine.simulate.fault import Fault
from engine.simulate.fhir import FhirPartner, fhir_partner
from engine.simulate.http import HttpPartner, http_partner
from engine.simulate.index import IndexPartner, index_partner
from engine.simulate.mllp import MllpPartner, mllp_partner
from engine.simulate.partner import Partner, Received
from engine.simulate.run import Wanted, played, run, wanted
from engine.simulate.sftp import SftpPartner, sftp_partner
from engine.simulate.trading import TRADES, TradingPartner, trading_partner

__all__ = [
    "TRADES",
    "Drop",
    "EligibilityPartner",
    "Fault",
    "FhirPartner",
    "HttpPartner",
    "IndexPartner",
    "MllpPartner",
    "Partner",
    "Received",
    "SftpPartner",
    "TradingPartner",
    "Wanted",
    "drop_of",
    "eligibility_partner",
    "fhir_partner",
    "http_partner",
    "index_partner",
    "listed",
    "mllp_partner",
    "played",
    "put",
    "run",
    "sftp_partner",
    "trading_partner",
    "wanted",
]
