"""
Simulated partners: billing, inventory and ERP over HTTP, a downstream system over MLLP, a FHIR server, drop
boxes over SFTP with a supplier or a payer behind them, with faults that can be switched
while they run. For `corridor simulate`, the demo and the tests; synthetic through and through, on loopback unless told otherwise.

    async with simulate.http_partner("billing", fault="503") as partner:
        ...  # post to partner.port
        partner.fault = "none"
        assert partner.unique == 1 and partner.repeats == 0
"""

from engine.simulate.drops import Drop, drop_of, listed, put
from engine.simulate.fault import Fault
from engine.simulate.fhir import FhirPartner, fhir_partner
from engine.simulate.http import HttpPartner, http_partner
from engine.simulate.mllp import MllpPartner, mllp_partner
from engine.simulate.partner import Partner, Received
from engine.simulate.run import Wanted, run, wanted
from engine.simulate.sftp import SftpPartner, sftp_partner
from engine.simulate.trading import TRADES, TradingPartner, trading_partner

__all__ = [
    "TRADES",
    "Drop",
    "Fault",
    "FhirPartner",
    "HttpPartner",
    "MllpPartner",
    "Partner",
    "Received",
    "SftpPartner",
    "TradingPartner",
    "Wanted",
    "drop_of",
    "fhir_partner",
    "http_partner",
    "listed",
    "mllp_partner",
    "put",
    "run",
    "sftp_partner",
    "trading_partner",
    "wanted",
]
