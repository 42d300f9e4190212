"""libattnjit.so through its C interface (runtime/include/attnjit/attnjit.h)."""

import ctypes
import json

_DTYPES = {"torch.float16": 1, "torch.bfloat16": 2, "torch.float32": 3}


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("stride_batch", ctypes.c_int64),
        ("stride_seq", ctypes.c_int64),
        ("stride_head", ctypes.c_int64),
        ("dtype", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    ]


class _ForwardArgs(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("q", _Tensor),
        ("k", _Tensor),
        ("v", _Tensor),
        ("o", _Tensor),
        ("lse", _Tensor),
        ("batch", ctypes.c_int64),
        ("heads_q", ctypes.c_int64),
        ("heads_kv", ctypes.c_int64),
        ("seqlen_q", ctypes.c_int64),
        ("seqlen_kv", ctypes.c_int64),
        ("cu_seqlens_q", ctypes.c_void_p),
        ("cu_seqlens_kv", ctypes.c_void_p),
        ("total_q", ctypes.c_int64),
        ("total_kv", ctypes.c_int64),
        ("softmax_scale", ctypes.c_double),
        ("window_left", ctypes.c_int32),
        ("window_right", ctypes.c_int32),
        ("overrides", ctypes.c_uint32),
        ("reserved", ctypes.c_int32),
        ("workspace", ctypes.c_void_p),
        ("workspace_bytes", ctypes.c_size_t),
    ]


assert ctypes.sizeof(_Tensor) == 40 and ctypes.sizeof(_ForwardArgs) == 320


class _EngineOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("cache_dir", ctypes.c_char_p),
        ("nvrtc_path", ctypes.c_char_p),
        ("driver_path", ctypes.c_char_p),
        ("no_disk_cache", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    ]


class AttnjitError(RuntimeError):
    """What the library said."""


def _bhsd_strides(tensor):
    """A 4-d tensor [batch, heads, seq, dim] of torch as the library's batch, seq, head strides."""
    if tensor.stride(3) != 1:
        raise ValueError("head_dim must be contiguous")
    return tensor.stride(0), tensor.stride(2), tensor.stride(1)


class Library:
    """The library and one engine of it."""

    def __init__(self, path, cache_dir=None):
        self._c = ctypes.CDLL(path)
        self._declare()
        options = _EngineOptions(struct_size=ctypes.sizeof(_EngineOptions),
                                 cache_dir=cache_dir.encode() if cache_dir else None)
        self._engine = ctypes.c_void_p()
        error = ctypes.c_void_p()
        self._check(self._c.attnjit_engine_create(
            ctypes.byref(options), ctypes.byref(self._engine), ctypes.byref(error)), error)

    def _declare(self):
        c = self._c
        pointer = ctypes.c_void_p
        c.attnjit_version.restype = ctypes.c_char_p
        for name in ("attnjit_kernel_name", "attnjit_kernel_info_json"):
            getattr(c, name).restype = ctypes.c_char_p
            getattr(c, name).argtypes = [pointer]
        c.attnjit_error_message.restype = ctypes.c_char_p
        c.attnjit_error_message.argtypes = [pointer]
        c.attnjit_error_destroy.argtypes = [pointer]
        c.attnjit_prepare.argtypes = [pointer, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int32,
                                      pointer, pointer]
        c.attnjit_workspace_bytes.argtypes = [pointer, pointer, pointer, pointer]
        c.attnjit_launch_forward.argtypes = [pointer, pointer, pointer, pointer]

    def _check(self, status, error):
        if status == 0:
            return
        message = self._c.attnjit_error_message(error).decode()
        self._c.attnjit_error_destroy(error)
        raise AttnjitError(message)

    def version(self):
        return self._c.attnjit_version().decode()

    def prepare(self, spec, device=0):
        """The kernel of a JSON request on a device."""
        kernel = ctypes.c_void_p()
        error = ctypes.c_void_p()
        text = spec.encode()
        self._check(self._c.attnjit_prepare(self._engine, text, len(text), device,
                                            ctypes.byref(kernel), ctypes.byref(error)), error)
        return Kernel(self, kernel)


class Kernel:
    """A prepared kernel. Lives as long as the process."""

    def __init__(self, library, handle):
        self._library = library
        self._c = library._c
        self._handle = handle
        self.name = self._c.attnjit_kernel_name(handle).decode()
        self.info = json.loads(self._c.attnjit_kernel_info_json(handle).decode())

    def bind(self, q, k, v, o, lse, stream):
        """A function that launches on these tensors [batch, heads, seq, dim] (lse: [batch, heads,
        seq] or None) on a stream's handle, with a workspace of its own. They must outlive it."""
        args = _ForwardArgs(struct_size=ctypes.sizeof(_ForwardArgs))
        for field, tensor in (("q", q), ("k", k), ("v", v), ("o", o)):
            setattr(args, field, _Tensor(tensor.data_ptr(), *_bhsd_strides(tensor),
                                         _DTYPES[str(tensor.dtype)], 0))
        if lse is not None:
            args.lse = _Tensor(lse.data_ptr(), lse.stride(0), lse.stride(2), lse.stride(1),
                               _DTYPES[str(lse.dtype)], 0)
        args.batch, args.heads_q, args.seqlen_q = q.shape[:3]
        args.heads_kv, args.seqlen_kv = k.shape[1:3]
        workspace = self._workspace(args, q)
        error = ctypes.c_void_p()
        launch_forward = self._c.attnjit_launch_forward
        args_pointer, error_pointer = ctypes.byref(args), ctypes.byref(error)
        handle, stream_pointer = self._handle, ctypes.c_void_p(stream)

        def launch():
            status = launch_forward(handle, args_pointer, stream_pointer, error_pointer)
            if status:
                self._library._check(status, error)

        launch.arguments = (args, workspace)  # Keeps what the pointers name.
        return launch

    def _workspace(self, args, like):
        """What the launch needs, zeroed, on the device of `like`; named by `args` from now on."""
        needed, error = ctypes.c_size_t(), ctypes.c_void_p()
        self._library._check(self._c.attnjit_workspace_bytes(
            self._handle, ctypes.byref(args), ctypes.byref(needed), ctypes.byref(error)), error)
        if needed.value == 0:
            return None
        workspace = like.new_zeros((-(-needed.value // like.element_size()),))
        args.workspace, args.workspace_bytes = workspace.data_ptr(), needed.value
        return workspace
