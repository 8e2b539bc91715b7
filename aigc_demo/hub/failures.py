"""What goes wrong between here and the hub, as one sentence: what it is and what to do."""

from aigc_demo.core.errors import InputError
from aigc_demo.core.failures import is_full

MIRROR = "HF_ENDPOINT=https://hf-mirror.com"


def sentence(error: Exception, model_id: str = "") -> InputError:
    """The InputError for what the hub's client raised; what is not known is raised as it came."""
    from httpx2 import HTTPError, InvalidURL, TimeoutException
    from huggingface_hub import errors

    sentences = (
        (InputError, lambda: error),
        (errors.OfflineModeIsEnabled, offline),
        (errors.GatedRepoError, lambda: _gated(model_id)),
        ((errors.HFValidationError, InvalidURL), lambda: wrong_id(model_id)),
        (errors.HfHubHTTPError, lambda: _answered(error.response.status_code, model_id)),
        (TimeoutException, _too_late),
        ((HTTPError, errors.LocalEntryNotFoundError), lambda: _unreachable(type(error).__name__)),
        (PermissionError, lambda: _no_access(str(error.filename))),
        ((errors.FileMetadataError, ValueError, TypeError, KeyError, AttributeError), _nonsense),
    )
    for kinds, say in sentences:
        if isinstance(error, kinds):
            return say()
    if is_full(error):
        return InputError(
            en="The disk is full; make room, then resume: what was fetched is kept.",
            zh="磁盘已满；请腾出空间后继续，已下载的部分会保留。",
        )
    raise error


def _too_late() -> InputError:
    return InputError(
        en=f"The hub did not answer in time; try again, or use a mirror: start with {MIRROR}.",
        zh=f"模型仓库未及时响应；请重试，或使用镜像：启动时设置 {MIRROR}。",
    )


def _unreachable(reason: str) -> InputError:
    return InputError(
        en=f"The hub cannot be reached ({reason}); check the network, or use a mirror: start with {MIRROR}.",
        zh=f"无法连接模型仓库（{reason}）；请检查网络，或使用镜像：启动时设置 {MIRROR}。",
    )


def _no_access(path: str) -> InputError:
    return InputError(
        en=f"{path} cannot be written; choose another folder with --hub-dir, or give this user the right to it.",
        zh=f"无法写入 {path}；请用 --hub-dir 选择其他文件夹，或赋予当前用户权限。",
    )


def _nonsense() -> InputError:
    return InputError(
        en="What answers is no model hub, or a network that wants a login first; check HF_ENDPOINT and the network.",
        zh="应答者不是模型仓库，或网络需要先登录；请检查 HF_ENDPOINT 和网络。",
    )


def offline() -> InputError:
    """Nothing is asked of the network."""
    return InputError(
        en="The app is offline, as it was started; start it without --offline (AIGC_OFFLINE, HF_HUB_OFFLINE) to reach the hub.",
        zh="应用以离线方式启动；去掉 --offline（AIGC_OFFLINE、HF_HUB_OFFLINE）重新启动后才能访问模型仓库。",
    )


def wrong_id(model_id: str) -> InputError:
    """Not the id of a model."""
    return InputError(
        en=f"{model_id[:60]!r} is no model id; write OWNER/NAME, as Qwen/Qwen3-0.6B.",
        zh=f"{model_id[:60]!r} 不是模型 id；请写成 所有者/名称，如 Qwen/Qwen3-0.6B。",
    )


def _gated(model_id: str) -> InputError:
    from huggingface_hub import constants

    return InputError(
        en=f"{model_id} is gated: accept its terms on {constants.ENDPOINT}/{model_id}, then start the app with HF_TOKEN set to your token.",
        zh=f"{model_id} 需授权：请先在 {constants.ENDPOINT}/{model_id} 接受条款，再设置 HF_TOKEN 为您的令牌后启动应用。",
    )


def _answered(status: int, model_id: str) -> InputError:
    """The sentence for an HTTP status; a 401 for a model is the hub's way to say that there is none, or not for you."""
    if status in (401, 404):
        return InputError(
            en=f"The hub has no model {model_id}, or it is private; check the name, or set HF_TOKEN if it is yours.",
            zh=f"模型仓库中没有 {model_id}，或该模型为私有；请检查名称，若属于您请设置 HF_TOKEN。",
        )
    if status == 403:
        return InputError(
            en=f"The hub does not let this token fetch {model_id}; check HF_TOKEN and its rights.",
            zh=f"当前令牌无权获取 {model_id}；请检查 HF_TOKEN 及其权限。",
        )
    if status == 429:
        return InputError(
            en="The hub says that it was asked too often; wait some minutes, or set HF_TOKEN.",
            zh="模型仓库提示请求过于频繁；请几分钟后再试，或设置 HF_TOKEN。",
        )
    return InputError(
        en=f"The hub has trouble (HTTP {status}); try again later, or use a mirror: start with {MIRROR}.",
        zh=f"模型仓库出现故障（HTTP {status}）；请稍后再试，或使用镜像：启动时设置 {MIRROR}。",
    )
