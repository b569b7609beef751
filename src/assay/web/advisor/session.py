"""What an advisor's routes ask for in their signatures."""

from typing import Annotated

from assay.domain.actors import Permission
from assay.web.session import Session, may

type Advisor = Annotated[Session, may(Permission.COHORT_READ)]
type Decider = Annotated[Session, may(Permission.FEEDBACK_GIVE)]
type Overrider = Annotated[Session, may(Permission.ESSAY_OVERRIDE)]
type Flagger = Annotated[Session, may(Permission.ASSESSMENT_FLAG)]
type Releaser = Annotated[Session, may(Permission.ASSESSMENT_RELEASE)]
type AgreementReader = Annotated[Session, may(Permission.AGREEMENT_READ)]
