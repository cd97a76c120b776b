"""The way to the cloud: read-only questions, independent ones side by side, and its refusals as sentences."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore import exceptions
from botocore.config import Config

from classlab.cloud.regions import NOBODY, code, reason
from classlab.errors import CloudError

# A region or an endpoint that is not there must not make a teacher wait for minutes.
PATIENCE = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
# Where the account itself is asked about, in each partition of AWS: these regions are always enabled.
HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
SKEWED = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_LOGGED_OUT = (
    exceptions.LoginRefreshRequired,
    exceptions.LoginTokenLoadError,
    exceptions.SSOTokenLoadError,
    exceptions.TokenRetrievalError,
    exceptions.UnauthorizedSSOTokenError,
)
_LOGIN = "Log in (aws configure sso, then aws sso login), or name a profile in AWS_PROFILE"


class Cloud:
    """boto3's own chain: profile, environment, endpoint. Clients are made here, because that is not safe in threads."""

    def __init__(self, region: str) -> None:
        import boto3  # takes a tenth of a second, and is not needed where the class file is broken

        try:
            self._session: Any = boto3.session.Session()
        except exceptions.BotoCoreError as error:  # a profile that is not there
            raise CloudError(explained(error)) from error
        self.region = region
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def home(self) -> str:
        """The region to ask about the account: this one may not be enabled, or may not exist."""
        try:
            return HOME.get(self._session.get_partition_for_region(self.region), HOME["aws"])
        except exceptions.BotoCoreError:
            return HOME["aws"]

    def client(self, service: str, region: str = "", patience: Config = PATIENCE) -> Any:
        """A client for the class's region, or another."""
        key = (service, region or self.region)
        if key not in self._clients:
            try:
                self._clients[key] = self._session.client(service, region_name=key[1], config=patience)
            except (exceptions.BotoCoreError, ValueError) as error:  # an endpoint or a setting that is none
                raise CloudError(explained(error)) from error
        return self._clients[key]


@dataclass(frozen=True)
class Answers:
    """By action: what boto3 told, or the exception with which it was refused."""

    by_action: dict[str, Any]

    def get(self, action: str) -> Any:
        """The answer; None where it was not asked, or not given."""
        answer = self.by_action.get(action)
        return None if isinstance(answer, Exception) else answer

    def refusal(self, action: str) -> Exception | None:
        answer = self.by_action.get(action)
        return answer if isinstance(answer, Exception) else None

    def without(self, *actions: str) -> "Answers":
        return Answers({action: each for action, each in self.by_action.items() if action not in actions})

    def unanswered(self) -> list[str]:
        """One sentence for all that the caller may not ask, and one for each other reason."""
        refused = {action: each for action, each in self.by_action.items() if isinstance(each, Exception)}
        forbidden = [action for action, error in refused.items() if denied(error)]
        told = [explained(error) for action, error in refused.items() if action not in forbidden]
        if forbidden:
            told.append(
                f"Your AWS user may not do {', '.join(forbidden)}: have it allowed; docs/aws-permissions.json lists "
                "all that classlab needs."
            )
        return list(dict.fromkeys(told))


def ask(questions: Mapping[str, Callable[[], Any]]) -> Answers:
    """All questions at once; an answer that is a refusal is kept as its exception."""

    def answer(question: Callable[[], Any]) -> Any:
        try:
            return question()
        except (exceptions.BotoCoreError, exceptions.ClientError, ValueError) as error:
            return error

    if not questions:
        return Answers({})
    with ThreadPoolExecutor(max_workers=len(questions)) as pool:
        return Answers(dict(zip(questions, pool.map(answer, questions.values()), strict=True)))


def denied(error: Exception | None) -> bool:
    """The caller may not ask this; whoever may not ask everything is not therefore wrong."""
    return error is not None and code(error) in DENIED


def filters(**values: Iterable[str]) -> list[dict[str, Any]]:
    """EC2's filters; an underscore stands for a hyphen."""
    return [{"Name": name.replace("_", "-"), "Values": list(each)} for name, each in values.items()]


def explained(error: Exception) -> str:
    """A refusal as a sentence with its mend."""
    if isinstance(error, exceptions.ClientError):
        return _answered(error)
    said = reason(error).rstrip(".")
    if isinstance(error, exceptions.ProfileNotFound):
        return f"AWS_PROFILE names a profile that is not there ({said}): aws configure list-profiles lists them."
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return f"No AWS credentials were found ({said}). {_LOGIN}; CLOUD=localcloud rehearses the class without any."
    if isinstance(error, _LOGGED_OUT):
        return f"Your AWS login has run out ({said}). Log in again (aws sso login), then run this again."
    if isinstance(error, exceptions.CredentialRetrievalError | exceptions.SSOError | exceptions.LoginError):
        return f"Your AWS credentials could not be read ({said}). {_LOGIN}."
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return f"The cloud cannot be reached ({said}). Is this computer online, and is the cloud's address right?"
    return f"The cloud could not be asked: {said}."


def _answered(error: exceptions.ClientError) -> str:
    if code(error) in EXPIRED:
        return f"Your AWS credentials have run out ({code(error)}). {_LOGIN}, then run this again."
    if code(error) in SKEWED:
        return f"AWS takes this computer's clock for wrong ({code(error)}): set it, then run this again."
    if code(error) in NOBODY:
        return f"AWS does not know these credentials ({code(error)}). {_LOGIN}, then run this again."
    if code(error) == "OptInRequired":
        return f"This AWS account cannot use this service or region: {reason(error)} Enable it in the AWS console."
    return f"The cloud refused {error.operation_name}: {reason(error)}"
